//===- Report.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report.h"

#include "segc/Codegen/CPU/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
namespace json = llvm::json;

namespace segc {

static json::Object entryReport(DictionaryAttr entry) {
  json::Array launches;
  for (auto launch :
       entry.getAs<ArrayAttr>("launches").getAsRange<DictionaryAttr>())
    launches.push_back(json::Object{
        {"kernel", launch.getAs<FlatSymbolRefAttr>("kernel").getValue()},
        {"op", launch.getAs<StringAttr>("op").getValue()},
        {"flops_per_sample",
         launch.getAs<FloatAttr>("flops").getValueAsDouble()},
        {"bytes_per_sample",
         launch.getAs<FloatAttr>("bytes").getValueAsDouble()}});
  int64_t arena = entry.getAs<IntegerAttr>("arena_bytes").getInt(),
          bound = entry.getAs<IntegerAttr>("arena_bound").getInt();
  return json::Object{
      {"arena_bytes", arena},
      {"arena_bound_bytes", bound},
      {"arena_over_bound", bound ? static_cast<double>(arena) / bound : 1.0},
      {"scratch_bytes", entry.getAs<IntegerAttr>("scratch_bytes").getInt()},
      {"launches", std::move(launches)}};
}

llvm::Error writeReport(llvm::StringRef path,
                        llvm::ArrayRef<ModelVersion> versions,
                        const ModelContents &contents) {
  json::Array list;
  for (const ModelVersion &version : versions) {
    json::Object entries;
    for (NamedAttribute entry :
         version.module->getAttrOfType<DictionaryAttr>(entriesAttrName))
      entries[entry.getName().strref()] =
          entryReport(cast<DictionaryAttr>(entry.getValue()));
    list.push_back(json::Object{{"cpu", version.target.name},
                                {"entries", std::move(entries)}});
  }
  llvm::Expected<json::Value> manifest = json::parse(contents.manifest);
  if (!manifest)
    return manifest.takeError();
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (error)
    return llvm::createStringError(error, "cannot write " + path + ": " +
                                              error.message());
  out << llvm::formatv("{0:2}", json::Value(json::Object{
                                    {"manifest", std::move(*manifest)},
                                    {"versions", std::move(list)}}))
      << "\n";
  return llvm::Error::success();
}

} // namespace segc
