//===- Exceptions.cpp - Exceptions as errors ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Exceptions.h"

#include <filesystem>
#include <new>
#include <stdexcept>
#include <system_error>

using namespace segc;

Status segc::statusOfException() {
  try {
    throw;
  } catch (const std::bad_alloc &) {
    return ioError("not enough memory; use smaller inputs, a smaller batch or "
                   "fewer threads, or raise the limit (ulimit -v)");
  } catch (const std::length_error &) {
    return ioError("not enough memory: a size is beyond what a process can "
                   "hold; the input is too large or damaged");
  } catch (const std::filesystem::filesystem_error &error) {
    return ioError(error.path1().string() + ": " + error.code().message());
  } catch (const std::system_error &error) {
    return ioError("the system refused: " + error.code().message());
  } catch (const std::exception &error) {
    return internalError(std::string("unexpected error: ") + error.what());
  } catch (...) {
    return internalError("unexpected error of an unknown kind");
  }
}
