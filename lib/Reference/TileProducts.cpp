//===- TileProducts.cpp - Sums of products with Winograd tiles ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Sizes are (depth, height, width); images have depth 1.

#include "TileProducts.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>
#include <map>
#include <numeric>

using namespace mlir;

namespace segc::reference {

FilterElements::FilterElements(const Convolution &conv,
                               ArrayRef<int64_t> elements)
    : conv(conv), elements(elements) {
  int64_t columns = conv.transposed ? conv.allIn : conv.out,
          rows = conv.transposed ? conv.out : conv.allIn;
  llvm::SmallSetVector<int64_t, 16> large, small;
  for (int64_t element : elements) {
    int64_t column = element % columns, row = element / columns % rows;
    large.insert((conv.transposed ? column : row) - conv.first);
    small.insert(conv.transposed ? row : column);
  }
  inputs = Shape(large.getArrayRef());
  outputs = Shape(small.getArrayRef());
}

/// Rounds the value of a channel to multiples of `divisor` units, halves up in
/// even channels and down in odd ones: halves are frequent, and sums over the
/// channels would grow with them.
static double roundHalves(double value, int64_t channel, double unit,
                          int64_t divisor) {
  auto parts = static_cast<double>(divisor);
  // f64 holds quarters of the unit approximately.
  double exact = std::round(value / unit * 4) / 4 / parts;
  double whole =
      channel % 2 == 0 ? std::floor(exact + 0.5) : std::ceil(exact - 0.5);
  return whole * parts * unit;
}

namespace {

using Dims = std::array<int64_t, 3>;

int64_t count(const Dims &dims) { return dims[0] * dims[1] * dims[2]; }

Dims toDims(ArrayRef<int64_t> sizes, int64_t missing) {
  Dims dims{missing, missing, missing};
  std::copy(sizes.begin(), sizes.end(), dims.end() - sizes.size());
  return dims;
}

Dims indexIn(int64_t linear, const Dims &dims) {
  return {linear / dims[2] / dims[1], linear / dims[2] % dims[1],
          linear % dims[2]};
}

/// A view of a matrix or its transpose.
struct Matrix {
  const std::vector<double> &values;
  int64_t rows, columns;
  bool transposed = false;

  double at(int64_t row, int64_t column) const {
    return transposed ? values[column * rows + row]
                      : values[row * columns + column];
  }
};

} // namespace

/// Multiplies a box of values with a matrix along each dimension, width first.
/// `between` rounds what is multiplied again.
static std::vector<double> transformed(
    std::vector<double> box, ArrayRef<Matrix> matrices,
    llvm::function_ref<void(MutableArrayRef<double>)> between = nullptr) {
  Dims size{matrices[0].columns, matrices[1].columns, matrices[2].columns};
  for (unsigned d : {2, 1, 0}) {
    const Matrix &matrix = matrices[d];
    if (matrix.rows == 1 && matrix.columns == 1)
      continue;
    Dims to = size;
    to[d] = matrix.rows;
    int64_t inner = d == 2 ? 1 : d == 1 ? size[2] : size[1] * size[2];
    int64_t outer = count(size) / inner / size[d];
    std::vector<double> result(count(to));
    for (int64_t o = 0; o < outer; ++o)
      for (int64_t row = 0; row < matrix.rows; ++row)
        for (int64_t column = 0; column < matrix.columns; ++column)
          if (double factor = matrix.at(row, column); factor != 0)
            for (int64_t i = 0; i < inner; ++i)
              result[(o * matrix.rows + row) * inner + i] +=
                  factor * box[(o * size[d] + column) * inner + i];
    box = std::move(result);
    size = to;
    if (between && d != 0)
      between(box);
  }
  return box;
}

namespace {

/// Sizes and matrices of Winograd tiles.
class Tiles {
public:
  explicit Tiles(const std::array<TileTransform, 3> &transforms)
      : transforms(transforms) {}

  Dims outputs() const { return each(&TileTransform::outputs); }
  Dims taps() const { return each(&TileTransform::taps); }
  Dims points() const { return each(&TileTransform::points); }
  Dims window() const {
    Dims result;
    for (unsigned d = 0; d < 3; ++d)
      result[d] = transforms[d].outputs + transforms[d].taps - 1;
    return result;
  }
  Dims grid(const Dims &size) const {
    Dims result;
    for (unsigned d = 0; d < 3; ++d)
      result[d] = (size[d] + transforms[d].outputs - 1) / transforms[d].outputs;
    return result;
  }

  SmallVector<Matrix, 3> input() const {
    return matrices([](const TileTransform &t) {
      return Matrix{t.input, t.points, t.outputs + t.taps - 1};
    });
  }
  SmallVector<Matrix, 3> filter(bool transposed = false) const {
    return matrices([=](const TileTransform &t) {
      return transposed ? Matrix{t.filter, t.taps, t.points, true}
                        : Matrix{t.filter, t.points, t.taps};
    });
  }
  SmallVector<Matrix, 3> output(bool transposed = false) const {
    return matrices([=](const TileTransform &t) {
      return transposed ? Matrix{t.output, t.points, t.outputs, true}
                        : Matrix{t.output, t.outputs, t.points};
    });
  }

private:
  Dims each(int64_t TileTransform::*member) const {
    return {transforms[0].*member, transforms[1].*member,
            transforms[2].*member};
  }
  template <typename Make>
  SmallVector<Matrix, 3> matrices(Make make) const {
    return {make(transforms[0]), make(transforms[1]), make(transforms[2])};
  }
  const std::array<TileTransform, 3> &transforms;
};

/// An activation that is padded with zeros.
struct Activation {
  const HostTensor &tensor;
  Dims size = toDims(tensor.shape().drop_front().drop_back(), 1);

  std::vector<double> box(int64_t sample, const Dims &first, const Dims &extent,
                          int64_t channel) const {
    std::vector<double> values(count(extent));
    for (int64_t i = 0; i < count(extent); ++i) {
      Dims at = indexIn(i, extent);
      bool inside = true;
      for (unsigned d = 0; d < 3; ++d) {
        at[d] += first[d];
        inside &= at[d] >= 0 && at[d] < size[d];
      }
      if (inside)
        values[i] =
            tensor[(((sample * size[0] + at[0]) * size[1] + at[1]) * size[2] +
                    at[2]) *
                       tensor.channels() +
                   channel];
    }
    return values;
  }

  /// Returns the transformed and rounded boxes of some channels as
  /// [point][channel].
  std::vector<double> points(int64_t sample, const Dims &first,
                             const Dims &extent, ArrayRef<int64_t> channels,
                             ArrayRef<Matrix> matrices,
                             const ProductArithmetic &arithmetic) const {
    std::vector<double> result;
    bool rounds = !arithmetic.inputDivisors.empty();
    for (auto [i, number] : llvm::enumerate(channels)) {
      int64_t channel = number;
      auto toUnits = [&](double &value, int64_t divisor) {
        if (rounds)
          value = roundHalves(value, channel, arithmetic.inputUnit, divisor);
      };
      std::vector<double> values =
          transformed(box(sample, first, extent, channel), matrices,
                      [&](MutableArrayRef<double> between) {
                        for (double &value : between)
                          toUnits(value, 1);
                      });
      result.resize(values.size() * channels.size());
      for (size_t p = 0; p < values.size(); ++p) {
        toUnits(values[p], rounds ? arithmetic.inputDivisors[p] : 1);
        result[p * channels.size() + i] = values[p];
      }
    }
    for (size_t p = 0; p < result.size(); p += channels.size()) {
      auto point = MutableArrayRef<double>(result).slice(p, channels.size());
      roundFactors(point, arithmetic, arithmetic.round,
                   first[0] * 131 + first[1] * 17 + first[2] + p);
    }
    return result;
  }
};

Shape allChannels(int64_t count) {
  Shape result(count);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

HostTensor disturbedCopy(const HostTensor &tensor,
                         const ProductArithmetic &arithmetic, uint64_t part) {
  HostTensor result = tensor;
  if (!arithmetic.round) // With rounding, roundFactors adds the noise.
    disturb(result, arithmetic.noise, arithmetic.seed + part);
  return result;
}

} // namespace

std::string tileRefusal(const Convolution &conv,
                        const std::array<TileTransform, 3> &tiles) {
  Dims taps = toDims(conv.taps, 1), strides = toDims(conv.strides, 1);
  if (conv.groupIn != conv.in || conv.dilations != Shape(conv.taps.size(), 1))
    return "tiles support only one group and dilation 1";
  for (unsigned d = 0; d < 3; ++d) {
    const TileTransform &tile = tiles[d];
    if (tile.taps != taps[d] || strides[d] != 1)
      return "tiles have " + std::to_string(tile.taps) +
             " taps and stride 1, the convolution has " +
             std::to_string(taps[d]) + " taps and stride " +
             std::to_string(strides[d]);
    for (int64_t o = 0; o < tile.outputs; ++o)
      for (int64_t t = 0; t < tile.taps; ++t)
        for (int64_t i = 0; i < tile.outputs + tile.taps - 1; ++i) {
          double sum = 0;
          for (int64_t p = 0; p < tile.points; ++p)
            sum += tile.output[o * tile.points + p] *
                   tile.filter[p * tile.taps + t] *
                   tile.input[p * (tile.outputs + tile.taps - 1) + i];
          if (std::abs(sum - (i == o + t)) > 1e-9)
            return "the matrices of tiles compute no correlation";
        }
  }
  return "";
}

void sumTileElements(const Convolution &conv, bool small, Operands operands,
                     ArrayRef<int64_t> elements,
                     const ProductArithmetic &arithmetic, HostTensor &result) {
  Tiles tiles(*arithmetic.tiles);
  HostTensor readTensor = disturbedCopy(*operands[0], arithmetic, 0),
             filter = disturbedCopy(*operands[1], arithmetic, 1);
  Activation read{readTensor}, written{result};
  int64_t terms = small ? conv.in : conv.out;
  Shape channels = allChannels(terms);
  Dims m = tiles.outputs(), taps = tiles.taps(), low = toDims(conv.low, 0),
       grid = tiles.grid(written.size);
  // The adjoint is a correlation with the taps in reverse order.
  if (!small)
    for (unsigned d = 0; d < 3; ++d)
      low[d] = taps[d] - 1 - low[d];

  // The panel of each channel that is written.
  std::map<int64_t, std::vector<double>> panels;
  auto panel = [&](int64_t channel) -> std::vector<double> & {
    std::vector<double> &panel = panels[channel];
    if (!panel.empty())
      return panel;
    panel.resize(count(tiles.points()) * terms);
    for (int64_t c = 0; c < terms; ++c) {
      std::vector<double> box(count(taps));
      for (int64_t t = 0; t < count(taps); ++t)
        box[t] = filter[small ? conv.filterAt(t, c, channel)
                              : conv.filterAt(count(taps) - 1 - t, channel, c)];
      box = transformed(std::move(box), tiles.filter());
      for (size_t p = 0; p < box.size(); ++p)
        panel[p * terms + c] = box[p];
    }
    const auto &round =
        arithmetic.roundFilter ? arithmetic.roundFilter : arithmetic.round;
    for (size_t p = 0; p < panel.size(); p += terms)
      roundFactors(MutableArrayRef<double>(panel).slice(p, terms), arithmetic,
                   round, channel * 1009 + p);
    return panel;
  };

  struct Request {
    int64_t element, channel, inTile;
  };
  std::map<std::pair<int64_t, int64_t>, std::vector<Request>> requests;
  for (int64_t element : elements) {
    int64_t channel = element % result.channels(),
            position = element / result.channels();
    Dims at = indexIn(position % count(written.size), written.size), tile, in;
    for (unsigned d = 0; d < 3; ++d)
      tile[d] = at[d] / m[d], in[d] = at[d] % m[d];
    requests[{position / count(written.size),
              (tile[0] * grid[1] + tile[1]) * grid[2] + tile[2]}]
        .push_back({element, channel, (in[0] * m[1] + in[1]) * m[2] + in[2]});
  }
  for (auto &[place, list] : requests) {
    Dims first = indexIn(place.second, grid);
    for (unsigned d = 0; d < 3; ++d)
      first[d] = first[d] * m[d] - low[d];
    std::vector<double> points =
        read.points(place.first, first, tiles.window(), channels, tiles.input(),
                    arithmetic);
    // The output tile of each channel.
    std::map<int64_t, std::vector<double>> outputs;
    for (const Request &request : list) {
      std::vector<double> &tile = outputs[request.channel];
      if (tile.empty()) {
        const std::vector<double> &factors = panel(request.channel);
        for (int64_t p = 0; p < count(tiles.points()); ++p) {
          ChainedSum sum(arithmetic);
          for (int64_t c = 0; c < terms; ++c)
            sum.add(points[p * terms + c] * factors[p * terms + c], c);
          tile.push_back(sum.get());
        }
        tile = transformed(std::move(tile), tiles.output());
      }
      result[request.element] = tile[request.inTile];
    }
  }
}

void sumTileFilter(const Convolution &conv, Operands operands,
                   const FilterElements &elements,
                   const ProductArithmetic &arithmetic, HostTensor &result) {
  Tiles tiles(*arithmetic.tiles);
  HostTensor largeTensor = disturbedCopy(*operands[0], arithmetic, 0),
             smallTensor = disturbedCopy(*operands[1], arithmetic, 1);
  Activation large{largeTensor}, small{smallTensor};
  const Shape &inputs = elements.inputs, &outputs = elements.outputs;
  Dims m = tiles.outputs(), low = toDims(conv.low, 0),
       grid = tiles.grid(small.size);
  int64_t pointCount = count(tiles.points());
  // The sums are [point][input channel][output channel].
  std::vector<ChainedSum> sums(pointCount * inputs.size() * outputs.size(),
                               ChainedSum(arithmetic));
  for (int64_t tile = 0; tile < conv.samples * count(grid); ++tile) {
    int64_t sample = tile / count(grid);
    Dims first = indexIn(tile % count(grid), grid), window;
    for (unsigned d = 0; d < 3; ++d) {
      first[d] *= m[d];
      window[d] = first[d] - low[d];
    }
    std::vector<double> points = large.points(
        sample, window, tiles.window(), inputs, tiles.input(), arithmetic);
    std::vector<double> grads =
        small.points(sample, first, m, outputs, tiles.output(true), arithmetic);
    ChainedSum *sum = sums.data();
    for (int64_t p = 0; p < pointCount; ++p)
      for (size_t c = 0; c < inputs.size(); ++c)
        for (size_t k = 0; k < outputs.size(); ++k)
          (sum++)->add(points[p * inputs.size() + c] *
                           grads[p * outputs.size() + k],
                       tile);
  }
  std::map<std::pair<size_t, size_t>, std::vector<double>> filters;
  elements.store(result, [&](int64_t tap, size_t c, size_t k) {
    std::vector<double> &filter = filters[{c, k}];
    if (filter.empty()) {
      for (int64_t p = 0; p < pointCount; ++p)
        filter.push_back(
            sums[(p * inputs.size() + c) * outputs.size() + k].get());
      filter = transformed(std::move(filter), tiles.filter(true));
    }
    return filter[tap];
  });
}

} // namespace segc::reference
