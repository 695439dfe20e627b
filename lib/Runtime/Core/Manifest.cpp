//===- Manifest.cpp - Manifest of a model ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Manifest.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/model_tables.h"

#include <set>

using namespace segc;

/// Limit of the size of tensors and regions; sums of several sizes then fit
/// into 64 bits.
static constexpr int64_t maxBytes = int64_t{1} << 46;

int64_t segc::elementCount(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    if (extent < 0 || __builtin_mul_overflow(count, extent, &count))
      return -1;
  return count;
}

std::string segc::shapeText(const std::vector<int64_t> &shape) {
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text.empty() ? "scalar" : text;
}

int64_t TensorSignature::elements() const { return elementCount(shape); }

static int findName(const std::vector<TensorSignature> &tensors,
                    const std::string &name) {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == name)
      return static_cast<int>(i);
  return -1;
}

int EntrySignature::findInput(const std::string &name) const {
  return findName(inputs, name);
}

int EntrySignature::findOutput(const std::string &name) const {
  return findName(outputs, name);
}

const EntrySignature *Manifest::entry(const std::string &name) const {
  auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

std::vector<std::string> Manifest::classNames() const {
  if (static_cast<int64_t>(pipeline.classNames.size()) == classes)
    return pipeline.classNames;
  std::vector<std::string> names;
  for (int64_t i = 0; i < classes; ++i)
    names.push_back("class_" + std::to_string(i));
  return names;
}

static Initializer parseInitializer(JsonReader reader) {
  Initializer init;
  std::string kind = reader.string("kind");
  if (kind == "glorot_uniform")
    init.kind = Initializer::Kind::GlorotUniform;
  else if (kind == "he_normal")
    init.kind = Initializer::Kind::HeNormal;
  else if (kind == "uniform")
    init.kind = Initializer::Kind::Uniform;
  else if (kind != "constant")
    reader.fail("initialiser \"" + kind +
                "\" is not one of constant, glorot_uniform, he_normal, "
                "uniform");
  init.value = reader.numberOr("value", 0);
  return init;
}

/// Reads a list of tensors of a region of `regionBytes`. Their ranges must be
/// in order, aligned, disjoint and within the region.
static std::vector<RegionTensor> parseRegion(JsonReader &root, const char *key,
                                             int64_t regionBytes) {
  std::vector<RegionTensor> tensors;
  std::set<std::string> names;
  int64_t end = 0;
  root.forEach(key, [&](JsonReader reader) {
    RegionTensor tensor;
    tensor.name = reader.string("name");
    tensor.shape = reader.integers("shape", 1);
    tensor.offset = reader.integer("offset", 0, maxBytes);
    tensor.elements = reader.integer("elements", 1, maxBytes / 4);
    tensor.decay = reader.has("decay") && reader.boolean("decay");
    tensor.init = parseInitializer(reader.object("init"));
    if (elementCount(tensor.shape) != tensor.elements)
      reader.fail("shape " + shapeText(tensor.shape) + " has " +
                  std::to_string(elementCount(tensor.shape)) +
                  " elements, \"elements\" says " +
                  std::to_string(tensor.elements));
    if (tensor.offset % SEGC_ALIGNMENT != 0)
      reader.fail("offset " + std::to_string(tensor.offset) +
                  " is not a multiple of " + std::to_string(SEGC_ALIGNMENT));
    if (tensor.offset < end)
      reader.fail("offset " + std::to_string(tensor.offset) +
                  " lies in the tensor before, which ends at " +
                  std::to_string(end));
    end = tensor.offset + tensor.elements * 4;
    if (end > regionBytes)
      reader.fail("ends at byte " + std::to_string(end) + " of a region of " +
                  std::to_string(regionBytes));
    if (!names.insert(tensor.name).second)
      reader.fail("the name \"" + tensor.name + "\" occurs twice");
    tensors.push_back(std::move(tensor));
  });
  return tensors;
}

static std::vector<TensorSignature> parseSignatures(JsonReader &entry,
                                                    const char *key) {
  std::vector<TensorSignature> tensors;
  entry.forEach(key, [&](JsonReader reader) {
    TensorSignature tensor;
    tensor.name = reader.string("name");
    std::string type = reader.string("type");
    if (type == "i32")
      tensor.type = ElementType::I32;
    else if (type != "f32")
      reader.fail("type \"" + type + "\" is not one of f32, i32");
    tensor.shape = reader.integers("shape", 1);
    if (tensor.elements() < 0 || tensor.elements() > maxBytes / 4)
      reader.fail("shape " + shapeText(tensor.shape) + " is too large");
    tensors.push_back(std::move(tensor));
  });
  return tensors;
}

static void parseOptimizer(JsonReader reader, Manifest &manifest) {
  OptimizerInfo &optimizer = manifest.optimizer;
  optimizer.kind = reader.string("kind");
  optimizer.learningRate =
      reader.numberOr("learning_rate", optimizer.learningRate);
  optimizer.momentum = reader.numberOr("momentum", optimizer.momentum);
  optimizer.weightDecay =
      reader.numberOr("weight_decay", optimizer.weightDecay);
  reader.forEach("slots", [&](JsonReader slotReader) {
    OptimizerSlot slot;
    slot.name = slotReader.string("name");
    slot.offset = slotReader.integer("offset", 0, maxBytes);
    slot.init = slotReader.numberOr("init", 0);
    if (slot.offset % SEGC_ALIGNMENT != 0 ||
        slot.offset + manifest.parameterBytes > manifest.optimizerBytes)
      slotReader.fail("offset " + std::to_string(slot.offset) +
                      " with parameter_bytes " +
                      std::to_string(manifest.parameterBytes) +
                      " does not fit optimizer_bytes " +
                      std::to_string(manifest.optimizerBytes));
    optimizer.slots.push_back(std::move(slot));
  });
}

/// Models of versions 1 to 3 have kernels of the host alone, and do not say so.
static segc_device parseDevice(JsonReader &reader) {
  const std::string name = reader.stringOr("device", "cpu");
  for (segc_device device :
       {SEGC_DEVICE_HOST, SEGC_DEVICE_CUDA, SEGC_DEVICE_CUDA_EMULATED})
    if (name == segc_device_name(device))
      return device;
  reader.fail("device \"" + name + "\", expected cpu, cuda or cuda-emulated");
  return SEGC_DEVICE_HOST;
}

static KernelVersion parseVersion(JsonReader reader) {
  KernelVersion version;
  version.device = parseDevice(reader);
  version.name =
      reader.string(version.device == SEGC_DEVICE_HOST ? "cpu" : "gpu");
  version.features = reader.strings("features");
  version.scratchBytes = reader.integer("scratch_bytes", 0, maxBytes);
  JsonReader arenas = reader.object("arena_bytes");
  const Json &members = reader.value("arena_bytes");
  if (members.is_object())
    for (auto it = members.begin(); it != members.end(); ++it)
      version.arenaBytes[it.key()] =
          arenas.integer(it.key().c_str(), 0, maxBytes);
  return version;
}

/// Models of before regions do not name theirs.
static std::string parseActivation(JsonReader &root) {
  std::string name = root.stringOr("activation", "softmax");
  if (name != "softmax" && name != "sigmoid")
    root.fail("activation \"" + name + "\", expected softmax or sigmoid");
  return name;
}

/// Finds the parameters of the head by their names and checks their shapes.
static void parseHead(JsonReader &root, JsonReader head, Manifest &manifest) {
  auto find = [&](const char *key, std::optional<RegionTensor> &found) {
    const std::string name = head.string(key);
    for (const RegionTensor &parameter : manifest.parameters)
      if (parameter.name == name)
        found = parameter;
    if (!found || found->shape.empty() ||
        found->shape.back() != manifest.classes)
      root.fail(std::string("head: \"") + key + "\" is \"" + name +
                "\", expected a parameter whose last size is the number of "
                "classes");
  };
  find("weight", manifest.headWeight);
  if (head.has("bias"))
    find("bias", manifest.headBias);
}

StatusOr<Manifest> segc::parseManifest(std::string_view text,
                                       const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader root(json, where, status);
  int64_t format = root.integer("format");
  if (status.ok() && format != manifestFormat)
    return unsupported(where + ": manifest format " + std::to_string(format) +
                       ", this segrun reads format " +
                       std::to_string(manifestFormat) +
                       "; compile the model again with the segc beside it");
  Manifest manifest;
  manifest.network = root.string("network");
  manifest.precision = root.stringOr("precision", "f32");
  manifest.batch = root.integer("batch", 1, 1 << 20);
  manifest.classes = root.integer("classes", 1, 1 << 16);
  manifest.sigmoid = parseActivation(root) == "sigmoid";
  manifest.parameterBytes = root.integer("parameter_bytes", 0, maxBytes);
  manifest.stateBytes = root.integer("state_bytes", 0, maxBytes);
  manifest.optimizerBytes = root.integer("optimizer_bytes", 0, maxBytes);
  manifest.preparedBytes = root.integer("prepared_bytes", 0, maxBytes);
  manifest.parameters =
      parseRegion(root, "parameters", manifest.parameterBytes);
  manifest.states = parseRegion(root, "states", manifest.stateBytes);
  manifest.parameterCount = root.integer("parameter_count");
  int64_t counted = 0;
  for (const RegionTensor &parameter : manifest.parameters)
    counted += parameter.elements;
  if (counted != manifest.parameterCount)
    root.fail("parameter_count is " + std::to_string(manifest.parameterCount) +
              ", the parameters have " + std::to_string(counted));
  if (root.has("optimizer") && !json["optimizer"].is_null())
    parseOptimizer(root.object("optimizer"), manifest);
  if (root.has("head"))
    parseHead(root, root.object("head"), manifest);
  root.forEachMember(
      "entries", [&](const std::string &name, JsonReader reader) {
        EntrySignature entry;
        entry.inputs = parseSignatures(reader, "inputs");
        entry.outputs = parseSignatures(reader, "outputs");
        entry.kernels = reader.integerOr("kernels", 0);
        entry.flopsPerSample = reader.numberOr("flops_per_sample", 0);
        manifest.entries.emplace(name, std::move(entry));
      });
  root.forEach("versions", [&](JsonReader reader) {
    manifest.versions.push_back(parseVersion(reader));
  });
  manifest.augmentation = root.stringOr("augmentation", "");
  if (manifest.augmentation.empty() != !manifest.entry(augment::entryName))
    root.fail("\"augmentation\" is \"" + manifest.augmentation +
              "\", and the entry augment is " +
              (manifest.entry(augment::entryName) ? "there" : "not there") +
              "; expected both or none");
  root.object("pipeline");
  if (!status.ok())
    return status;
  SEGC_ASSIGN_OR_RETURN(
      manifest.pipeline,
      DataPipeline::fromJson(json["pipeline"], where + ".pipeline"));
  return manifest;
}
