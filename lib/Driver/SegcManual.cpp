//===- SegcManual.cpp - Manual page of segc -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SegcManual.h"
#include "segc/Manual/Manual.h"
#include "segc/Networks/Networks.h"
#include "llvm/Support/raw_ostream.h"

using namespace segc;

/// The options of each network, which are no part of the program's own.
static void addNetworks(CommandDescription &root) {
  auto model =
      llvm::find_if(root.commands, [](const CommandDescription &command) {
        return command.name == "model";
      });
  for (const llvm::StringRef name : networkNames())
    visitNetworkOptions(name, [&](const CLI::App &app) {
      CommandDescription network = describeCommand(app);
      network.name = name.str();
      model->commands.push_back(std::move(network));
    });
}

void segc::addSegcManual(CLI::App &app) {
  ManualText text;
  text.program = "segc";
  text.version = "segc " SEGC_VERSION;
  text.description =
      "A network in the MLIR dialect seg becomes one shared object that "
      "depends "
      "on libc alone and contains forward and backward kernels, optimizer, "
      "loss, memory plan, and the description of what is done with images "
      "before and after. segrun(1) trains it and predicts with it.\n\n"
      "`segc model` writes the published networks: U-Net, V-Net, nnU-Net and "
      "the 3D U-Net of MLPerf.";
  text.exitCodes = {{"0", "Done."},
                    {"1", "Failed; the message says what, where, what was "
                          "expected and what to do."},
                    {"2", "Wrong usage."}};
  text.seeAlso = {"segrun(1)", "ld.lld(1)"};
  addManualOptions(
      app, std::move(text),
      [](const std::string &manual) { llvm::outs() << manual; }, addNetworks);
}
