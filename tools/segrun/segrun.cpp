//===- segrun.cpp - Trains and runs compiled networks ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Commands.h"

int main(int argc, char **argv) { return segc::segrunMain(argc, argv); }
