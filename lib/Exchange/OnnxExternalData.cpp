//===- OnnxExternalData.cpp - Tensors in files beside the model -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxFile.h"

#include "segc/Base/Files.h"

#include "llvm/ADT/StringExtras.h"

#include <filesystem>
#include <fstream>

using namespace segc;
using llvm::StringRef;
using llvm::Twine;
namespace fs = std::filesystem;

namespace {
/// Where a tensor's bytes lie.
struct ExternalPlace {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};
} // namespace

/// The place, or nothing for entries that are none.
static std::optional<ExternalPlace> placeOf(const onnx::TensorProto &tensor) {
  ExternalPlace place;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    uint64_t number = 0;
    if (entry.key() == "location")
      place.location = entry.value();
    else if (entry.key() != "offset" && entry.key() != "length")
      continue; // A checksum, which readers need not know.
    else if (StringRef(entry.value()).getAsInteger(10, number))
      return std::nullopt;
    else if (entry.key() == "offset")
      place.offset = number;
    else
      place.length = number;
  }
  return place;
}

/// Whether the file lies in the folder, also where links lead.
static bool isInside(const fs::path &file, const fs::path &folder) {
  std::error_code error;
  const fs::path whole = fs::canonical(file, error);
  const fs::path root = error ? fs::path() : fs::canonical(folder, error);
  if (error)
    return false;
  auto [end, rest] =
      std::mismatch(root.begin(), root.end(), whole.begin(), whole.end());
  return end == root.end() && rest != whole.end();
}

llvm::Expected<std::string>
OnnxFile::externalBytes(const onnx::TensorProto &tensor, uint64_t size) {
  std::optional<ExternalPlace> place = placeOf(tensor);
  if (!place || place->location.empty() ||
      StringRef(place->location).contains('\0'))
    return tensorError(tensor, "expected the location, offset and length of "
                               "its data");
  fs::path folder = fs::path(path).parent_path();
  if (folder.empty())
    folder = ".";
  const fs::path relative(place->location), file = folder / relative;
  if (relative.is_absolute() || llvm::is_contained(relative, fs::path("..")))
    return tensorError(tensor, "its data is in \"" + place->location +
                                   "\", expected a file in the folder of the "
                                   "model");
  StatusOr<uint64_t> fileBytes = fileSize(file.string());
  if (!fileBytes)
    return tensorError(tensor, fileBytes.status().message());
  if (!isInside(file, folder))
    return tensorError(tensor, "its data is in \"" + place->location +
                                   "\", a link out of the folder of the model");
  const uint64_t available =
      place->offset > *fileBytes ? 0 : *fileBytes - place->offset;
  if (place->length.value_or(size) != size || available < size)
    return tensorError(
        tensor,
        "needs " + Twine(size) + " bytes, \"" + place->location + "\" has " +
            Twine(std::min(available, place->length.value_or(available))) +
            " at byte " + Twine(place->offset));
  // Tensors that share bytes would make much memory of a small file.
  uint64_t &taken = takenBytes[place->location];
  if (counted.insert(&tensor).second)
    taken += size;
  if (taken > *fileBytes)
    return tensorError(tensor, "shares bytes of \"" + place->location +
                                   "\" with other tensors");
  std::string bytes(size, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(place->offset));
  if (!stream.read(bytes.data(), static_cast<std::streamsize>(size)))
    return tensorError(tensor, "cannot read \"" + place->location + "\"");
  return bytes;
}
