//===- EntryFeeds.cpp - Inputs of the entries of a model ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"

#include <algorithm>

using namespace segc;

Status ModelRunner::feed(const std::string &producer,
                         const std::string &entry) {
  const EntrySignature *from = manifest().entry(producer),
                       *to = manifest().entry(entry);
  if (!from || !to)
    return unsupported(model->path() + ": compiled without the entry " +
                       (from ? entry : producer));
  for (const TensorSignature &input : to->inputs) {
    const int at = from->findOutput(input.name);
    const TensorSignature *output = at < 0 ? nullptr : &from->outputs[at];
    if (!output || output->type != input.type || output->shape != input.shape)
      return dataLoss(model->path() + ": the input \"" + input.name + "\" of " +
                      entry + " is " + shapeText(input.shape) + ", " +
                      producer + " gives " +
                      (output ? shapeText(output->shape) : "none") +
                      "; compile the model again");
  }
  producers[entry] = producer;
  return reserve(producer);
}

const std::string &ModelRunner::producerOf(const std::string &entry) const {
  static const std::string none;
  const auto found = producers.find(entry);
  return found == producers.end() ? none : found->second;
}

bool ModelRunner::feedsOthers(const std::string &entry) const {
  return std::any_of(producers.begin(), producers.end(),
                     [&](const auto &pair) { return pair.second == entry; });
}

const ModelRunner::Tensor &
ModelRunner::fedTensor(const std::string &entry,
                       const TensorSignature &input) const {
  const std::string &producer = producerOf(entry);
  const int at = manifest().entry(producer)->findOutput(input.name);
  return entries.at(producer).outputs[static_cast<size_t>(at)];
}

StatusOr<std::vector<DeviceAddress>>
ModelRunner::placeInputs(const std::string &entry,
                         const std::vector<void *> &inputs, int64_t batch) {
  if (const auto before = uploads.find(entry); before != uploads.end()) {
    std::vector<DeviceAddress> addresses = std::move(before->second);
    uploads.erase(before);
    if (uploaded)
      SEGC_RETURN_IF_ERROR(device_->wait(*stream, *uploaded));
    return addresses;
  }
  if (producerOf(entry).empty())
    return copyInputs(entry, inputs, batch, *stream);
  std::vector<DeviceAddress> addresses;
  for (const TensorSignature &input : manifest().entry(entry)->inputs)
    addresses.push_back(fedTensor(entry, input).buffer.address());
  return addresses;
}

StatusOr<std::vector<DeviceAddress>>
ModelRunner::copyInputs(const std::string &entry,
                        const std::vector<void *> &inputs, int64_t batch,
                        Stream &onStream) {
  const EntrySignature *signature = manifest().entry(entry);
  std::vector<DeviceAddress> addresses;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (device_->sharesHostMemory()) {
      addresses.push_back(DeviceAddress::of(inputs[i]));
      continue;
    }
    const Tensor &tensor = entries[entry].inputs[i];
    addresses.push_back(tensor.buffer.address());
    // Inputs are those of samples.
    const uint64_t bytes =
        signature->inputs[i].bytes() / manifest().batch * batch;
    SEGC_RETURN_IF_ERROR(
        device_->copyThroughStaging(onStream, tensor.buffer.address(),
                                    tensor.hostData(), inputs[i], bytes));
  }
  return addresses;
}

Status ModelRunner::upload(const std::string &entry,
                           const std::vector<void *> &inputs, int64_t batch) {
  const EntrySignature *signature = manifest().entry(entry);
  if (!feedsOthers(entry) || inputs.size() != signature->inputs.size() ||
      batch < 1 || batch > manifest().batch)
    return internalError(entry + ": an upload of " +
                         std::to_string(inputs.size()) + " inputs of " +
                         std::to_string(batch) +
                         " samples, expected those of an entry that feeds "
                         "another");
  if (!device_->sharesHostMemory() && !uploadStream) {
    SEGC_ASSIGN_OR_RETURN(uploadStream, device_->createStream());
    SEGC_ASSIGN_OR_RETURN(uploaded, device_->createEvent());
  }
  SEGC_ASSIGN_OR_RETURN(
      uploads[entry],
      copyInputs(entry, inputs, batch, uploadStream ? *uploadStream : *stream));
  return uploadStream ? device_->record(*uploaded, *uploadStream)
                      : Status::success();
}
