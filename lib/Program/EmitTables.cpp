//===- EmitTables.cpp - Tables of a model from its programs ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Mirrors the structs of model.h field by field.

#include "segc/Program/ModelTables.h"

#include "ProgramTable.h"
#include "segc/Program/Programs.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;

namespace segc {

static Constant *blobTable(TableBuilder &t, ArrayRef<CodeBlob> blobs) {
  SmallVector<Constant *> rows;
  for (const CodeBlob &blob : blobs) {
    // Text is terminated, which `bytes` does not count.
    std::string code(blob.code.data(), blob.code.size());
    code += '\0';
    rows.push_back(
        t.structure({t.text(blob.format), t.text(blob.processor), t.bytes(code),
                     t.u64(blob.code.size()), t.u32(blob.module), t.u32(0)}));
  }
  return t.array(rows);
}

Expected<std::unique_ptr<Module>>
buildModelModule(LLVMContext &context, ArrayRef<ModelVersion> versions,
                 const ModelContents &contents, StringRef bitcode) {
  Expected<std::unique_ptr<Module>> support =
      parseBitcodeFile(MemoryBufferRef(bitcode, "model_support"), context);
  if (!support)
    return support.takeError();
  auto tables = std::make_unique<Module>("model_tables", context);
  tables->setTargetTriple((*support)->getTargetTriple());
  tables->setDataLayout((*support)->getDataLayout());
  TableBuilder t(*tables);
  SmallVector<Constant *> versionTables;
  for (const ModelVersion &version : versions) {
    SmallVector<Constant *> programs;
    mlir::ModuleOp module = version.module;
    for (auto program : module.getOps<exec::ProgramOp>()) {
      Expected<Constant *> table = buildProgramTable(t, program, version);
      if (!table)
        return table.takeError();
      programs.push_back(*table);
    }
    versionTables.push_back(
        t.structure({t.text(version.target.version->name),
                     t.u32(version.target.version->featureBits),
                     t.u32(programs.size()), t.array(programs),
                     blobTable(t, version.blobs), t.u32(version.blobs.size()),
                     t.u32(version.target.backend->device())}));
  }
  Constant *versionsGlobal = t.define(
      "segc_versions",
      ConstantArray::get(ArrayType::get(versionTables.front()->getType(),
                                        versionTables.size()),
                         versionTables));
  t.define("segc_version_count", t.u32(versions.size()));
  t.define("segc_largest_batch", t.u64(contents.batch));

  auto entry = [&](StringRef needs, StringRef name) {
    return any_of(versions,
                  [&](const ModelVersion &version) {
                    return bool(findProgram(version.module, needs));
                  })
               ? t.entry(name)
               : t.null();
  };
  auto weights = [&](const std::vector<char> &bytes) {
    return bytes.empty() ? t.null()
                         : t.bytes(StringRef(bytes.data(), bytes.size()));
  };
  Constant *model = t.define(
      "segc_model_header",
      t.structure({t.u32(SEGC_ABI_VERSION), t.u32(sizeof(segc_model)),
                   t.text(contents.manifest), t.u64(contents.manifest.size()),
                   t.text(contents.source), t.u64(contents.source.size()),
                   weights(contents.weights), weights(contents.states),
                   entry("prepare", "segc_entry_prepare"),
                   entry("predict", "segc_entry_predict"),
                   entry("evaluate_step", "segc_entry_evaluate_step"),
                   entry("train_step", "segc_entry_train_step"),
                   entry("grad_step", "segc_entry_grad_step"),
                   entry("apply_step", "segc_entry_apply_step"), versionsGlobal,
                   t.u32(versions.size()), t.u32(0)}));
  t.note(model, versionsGlobal, versions.size());
  if (Linker::linkModules(**support, std::move(tables)))
    return createStringError("the tables do not link with the model support");
  return std::move(*support);
}

} // namespace segc
