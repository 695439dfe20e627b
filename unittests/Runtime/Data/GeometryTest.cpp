//===- GeometryTest.cpp - Storage orders of volumes -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Geometry.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/DataSet.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <numeric>

using namespace segc;
using namespace segc::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

static Json pipeline(const char *orientation = "RAS") {
  return {{"kind", "decathlon"},
          {"input_shape", {8, 8, 8}},
          {"orientation", orientation},
          {"class_names", {"background", "a", "b"}}};
}

/// Returns a header with identity axes and a spacing of 1 mm.
static NiftiHeader plainHeader(std::vector<int16_t> sizes) {
  NiftiHeader h = makeHeader(std::move(sizes), 2, 8);
  h.pixelSize[0] = 1;
  std::fill_n(h.pixelSize + 1, 3, 1.0f);
  h.qformCode = 0;
  h.sformCode = 1;
  std::memset(h.quaternion, 0, sizeof(h.quaternion));
  std::memset(h.qformOffset, 0, sizeof(h.qformOffset));
  std::memset(h.sform, 0, sizeof(h.sform));
  for (int axis = 0; axis < 3; ++axis)
    h.sform[axis][axis] = 1;
  return h;
}

/// Runs placeVolume on a 4x4x4 header.
static StatusOr<std::pair<VolumeGeometry, std::vector<std::string>>>
place(const std::function<void(NiftiHeader &)> &change) {
  VolumeGeometry geometry;
  geometry.size = {4, 4, 4};
  geometry.header = plainHeader({4, 4, 4});
  change(geometry.header);
  std::vector<std::string> warnings;
  SEGC_RETURN_IF_ERROR(placeVolume("x.nii", geometry, warnings));
  return std::pair(geometry, warnings);
}

namespace {
/// A 6x5x4 volume without symmetries and its labels, stored in a given order of
/// axes.
struct Stored {
  Stored(const AxisOrder &order) : order(order) {
    std::vector<uint8_t> base(6 * 5 * 4), classes(base.size());
    for (size_t i = 0; i < base.size(); ++i) {
      base[i] = static_cast<uint8_t>(i * i % 251);
      classes[i] = static_cast<uint8_t>(base[i] % 3);
    }
    voxels = reordered(base, {6, 5, 4}, order);
    labels = reordered(classes, {6, 5, 4}, order);
    VolumeGeometry plain;
    plain.size = {6, 5, 4};
    plain.spacing = {1, 2, 3};
    plain.affine = {{{1, 0, 0, 10}, {0, 2, 0, 20}, {0, 0, 3, 30}}};
    plain.placedBy = PlacedBy::Sform;
    geometry = reordered(plain, order);
    geometry.header =
        plainHeader({int16_t(geometry.size[0]), int16_t(geometry.size[1]),
                     int16_t(geometry.size[2])});
    for (size_t row = 0; row < 3; ++row) {
      geometry.header.pixelSize[row + 1] = float(geometry.spacing[row]);
      for (size_t axis = 0; axis < 4; ++axis)
        geometry.header.sform[row][axis] = float(geometry.affine[row][axis]);
    }
  }
  AxisOrder order;
  std::vector<uint8_t> voxels, labels;
  VolumeGeometry geometry;
};
} // namespace

static std::vector<AxisOrder> allOrders() {
  std::vector<AxisOrder> orders;
  AxisOrder order;
  do {
    for (int flips = 0; flips < 8; ++flips) {
      for (size_t axis = 0; axis < 3; ++axis)
        order.reversed[axis] = flips & (1 << axis);
      orders.push_back(order);
    }
  } while (std::next_permutation(order.source.begin(), order.source.end()));
  return orders;
}

// For every storage order and format, the network gets the same sample, and the
// mask has the order and the place of the file.
TEST(GeometryTest, AllOrdersAreOneVolume) {
  TemporaryFolder folder;
  std::vector<float> first(512), image(512);
  std::vector<float> probabilities(512 * 3);
  for (size_t i = 0; i < probabilities.size(); ++i)
    probabilities[i] = float(i * i % 17);
  std::vector<uint8_t> mask;
  ASSERT_EQ(allOrders().size(), 48u);
  for (const std::string ending : {".nii", ".hdr", ".nrrd", ".mha"})
    for (const AxisOrder &order : allOrders()) {
      Stored stored(order);
      const std::string path = folder / ("in" + ending);
      const VolumeFormat &format = volumeFormatOf(path);
      ASSERT_OK(writeVolume(path, stored.geometry, stored.voxels.data()));
      auto set = openFiles({path}, pipeline(), {});
      ASSERT_OK(set.status());
      ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
      ASSERT_OK(writePredictions(**set, Split::Test, {0}, probabilities,
                                 {folder / "out", folder / "pictures"}));
      EXPECT_THAT((*set)->notes().take(), IsEmpty());
      auto written = format.read(
          folder / ("out/in" + std::string(format.endings()[0])), {});
      ASSERT_OK(written.status());
      EXPECT_EQ(written->geometry.affine, stored.geometry.affine);
      EXPECT_EQ(written->geometry.size, stored.geometry.size);
      std::vector<uint8_t> back;
      for (float value : written->voxels.floats())
        back.push_back(uint8_t(value));
      back = reordered(back, stored.geometry.size, order.inverse());
      if (mask.empty()) {
        first = image;
        mask = back;
      }
      EXPECT_EQ(image, first) << ending << orientationText(stored.geometry);
      EXPECT_EQ(back, mask) << ending << orientationText(stored.geometry);
    }
  // In the order of the file they are 48 different volumes, which is reported.
  Stored turned(allOrders()[1]);
  ASSERT_OK(
      writeNifti(folder / "in.nii", turned.geometry, turned.voxels.data()));
  auto set = openFiles({folder / "in.nii"}, pipeline("file"), {});
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
  EXPECT_NE(image, first);
  EXPECT_THAT((*set)->notes().take(), ElementsAre(HasSubstr("point to LAS")));
  // The orientation of the trained weights takes precedence.
  DatasetOptions options;
  options.frame = AxisFrame::Ras;
  set = openFiles({folder / "in.nii"}, pipeline("file"), options);
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
  EXPECT_EQ(image, first);
}

// Image and label files may have different storage orders of the same grid.
TEST(GeometryTest, LabelsInAnotherOrder) {
  TemporaryFolder folder;
  const Stored plain((AxisOrder()));
  std::vector<float> image(512);
  std::vector<int32_t> first(512), label(512);
  for (const char *name : {"imagesTr", "labelsTr"})
    ASSERT_OK(createDirectories(folder / name));
  ASSERT_OK(writeFileAtomically(
      folder / "dataset.json",
      R"({"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "A",
          "2": "b"}, "training": [{"image": "imagesTr/x.nii",
          "label": "labelsTr/x.nii"}]})"));
  ASSERT_OK(writeNifti(folder / "imagesTr/x.nii", plain.geometry,
                       plain.voxels.data()));
  auto read = [&](VolumeGeometry geometry, const std::vector<uint8_t> &values) {
    Status written =
        writeNifti(folder / "labelsTr/x.nii", geometry, values.data());
    auto set = openDataset(folder / "dataset.json", pipeline(), {});
    if (!written.ok() || !set.ok())
      return written.ok() ? set.status() : written;
    return (*set)->sample(Split::Train, 0, {}, image.data(), label.data());
  };
  ASSERT_OK(read(plain.geometry, plain.labels));
  first = label;
  for (const AxisOrder &order : allOrders()) {
    Stored stored(order);
    ASSERT_OK(read(stored.geometry, stored.labels));
    EXPECT_EQ(label, first) << orientationText(stored.geometry);
  }
  // A difference of a tenth of a millimetre is rounding; a larger one is
  // another grid.
  VolumeGeometry moved = plain.geometry;
  moved.header.sform[0][3] += 0.05f;
  ASSERT_OK(read(moved, plain.labels));
  EXPECT_EQ(label, first);
  moved.header.sform[0][3] += 1;
  EXPECT_ERROR(read(moved, plain.labels), InvalidArgument, "case x",
               "labelsTr/x.nii", "imagesTr/x.nii", "(11.05, 20, 30)",
               "1.05 mm apart");
  VolumeGeometry wider = plain.geometry;
  wider.header.sform[1][1] = 2.2f;
  wider.header.pixelSize[2] = 2.2f;
  EXPECT_ERROR(read(wider, plain.labels), InvalidArgument, "1x2.2x3 mm",
               "1x2x3 mm");
  VolumeGeometry smaller = plain.geometry;
  smaller.size = {6, 4, 4};
  EXPECT_ERROR(read(smaller, plain.labels), InvalidArgument, "6x4x4", "6x5x4");
}

TEST(GeometryTest, PrecedenceOfForms) {
  auto placed = place([](NiftiHeader &) {});
  ASSERT_OK(placed.status());
  EXPECT_EQ(placed->first.placedBy, PlacedBy::Sform);
  EXPECT_THAT(placed->second, IsEmpty());

  placed = place([](NiftiHeader &h) { h.sform[2][2] = 2.5f; });
  ASSERT_OK(placed.status());
  EXPECT_THAT(placed->first.spacing, ElementsAre(1, 1, 2.5));
  EXPECT_THAT(placed->second, ElementsAre(HasSubstr("the sform 1x1x2.5 mm; the "
                                                    "sform counts")));

  // A rotation by 180 degrees about z reverses x and y.
  placed = place([](NiftiHeader &h) {
    h.sformCode = 0;
    h.qformCode = 1;
    h.quaternion[2] = 1;
  });
  ASSERT_OK(placed.status());
  EXPECT_EQ(placed->first.placedBy, PlacedBy::Qform);
  EXPECT_EQ(orientationText(placed->first), "LPS");

  placed = place([](NiftiHeader &h) {
    h.qformCode = 1;
    h.quaternion[2] = 1;
  });
  ASSERT_OK(placed.status());
  EXPECT_EQ(orientationText(placed->first), "RAS");
  EXPECT_THAT(placed->second,
              ElementsAre(HasSubstr("mm apart; the sform counts")));

  // Another form is used only if there is no sform.
  placed = place([](NiftiHeader &h) {
    h.sform[0][0] = 0;
    h.qformCode = 1;
  });
  ASSERT_OK(placed.status());
  EXPECT_EQ(placed->first.placedBy, PlacedBy::Qform);
  EXPECT_THAT(placed->second, ElementsAre(HasSubstr("cannot be inverted")));

  placed = place([](NiftiHeader &h) { h.sform[0][1] = 0.5f; });
  ASSERT_OK(placed.status());
  EXPECT_THAT(placed->second, Contains(HasSubstr("sheared")));

  // pixdim in micrometres is consistent with an sform in millimetres.
  placed = place([](NiftiHeader &h) {
    h.units = 3;
    std::fill_n(h.pixelSize + 1, 3, 1000.0f);
  });
  ASSERT_OK(placed.status());
  EXPECT_THAT(placed->first.spacing, ElementsAre(1, 1, 1));
  EXPECT_THAT(placed->second, IsEmpty());
}

TEST(GeometryTest, Spacing) {
  auto placed = place([](NiftiHeader &h) {
    std::fill_n(h.pixelSize + 1, 3, 0.0f);
    h.sform[1][1] = 2;
  });
  ASSERT_OK(placed.status());
  EXPECT_THAT(placed->first.spacing, ElementsAre(1, 2, 1));
  EXPECT_THAT(placed->second, ElementsAre(HasSubstr("that of the sform")));
  EXPECT_ERROR(place([](NiftiHeader &h) {
                 h.pixelSize[3] = 0;
                 h.sformCode = 0;
               }).status(),
               InvalidArgument, "pixdim[3]", "axis 2", "no sform");
  placed = place([](NiftiHeader &h) {
    h.pixelSize[3] = 999;
    h.sform[2][2] = 999;
  });
  ASSERT_OK(placed.status());
  EXPECT_THAT(placed->second, ElementsAre(HasSubstr("1x1x999 mm")));
  // Of microscopes, and of nothing.
  for (float spacing : {4e-6f, 1e-7f}) {
    placed = place([&](NiftiHeader &h) {
      h.sformCode = 0;
      std::fill_n(h.pixelSize + 1, 3, spacing);
    });
    ASSERT_OK(placed.status());
    EXPECT_EQ(placed->second.size(), spacing < 1e-6f ? 1u : 0u);
  }
  placed = place([](NiftiHeader &h) { h.sformCode = 0; });
  ASSERT_OK(placed.status());
  EXPECT_EQ(placed->first.placedBy, PlacedBy::Pixdim);
}

// Oblique axes are mapped to the closest axes.
TEST(GeometryTest, ObliqueAxes) {
  auto placed = place([](NiftiHeader &h) {
    const float s = std::sin(0.5f), c = std::cos(0.5f);
    const float rows[3][4] = {{0, -s, -c, 0}, {1, 0, 0, 0}, {0, c, -s, 0}};
    std::memcpy(h.sform, rows, sizeof(rows));
  });
  ASSERT_OK(placed.status());
  EXPECT_EQ(orientationText(placed->first), "ASL");
  const AxisOrder order = orderToRas(placed->first);
  EXPECT_THAT(order.source, ElementsAre(2, 0, 1));
  EXPECT_THAT(order.reversed, ElementsAre(true, false, false));
  EXPECT_THAT(order.inverse().source, ElementsAre(1, 2, 0));
  EXPECT_TRUE(orderToRas(reordered(placed->first, order)).isIdentity());
}

/// Sets the quaternion and qfac for which the qform is the volume's affine.
static void setQform(VolumeGeometry &geometry) {
  NiftiHeader &h = geometry.header;
  double r[3][3];
  for (size_t row = 0; row < 3; ++row)
    for (size_t axis = 0; axis < 3; ++axis)
      r[row][axis] = geometry.affine[row][axis] / geometry.spacing[axis];
  const double volume = r[0][0] * (r[1][1] * r[2][2] - r[1][2] * r[2][1]) -
                        r[0][1] * (r[1][0] * r[2][2] - r[1][2] * r[2][0]) +
                        r[0][2] * (r[1][0] * r[2][1] - r[1][1] * r[2][0]);
  h.pixelSize[0] = volume < 0 ? -1 : 1;
  for (auto &row : r)
    row[2] *= volume < 0 ? -1 : 1;
  // Magnitudes of the components follow from sums of the diagonal, signs
  // relative to the largest component.
  const double trace[4] = {
      1 + r[0][0] + r[1][1] + r[2][2], 1 + r[0][0] - r[1][1] - r[2][2],
      1 - r[0][0] + r[1][1] - r[2][2], 1 - r[0][0] - r[1][1] + r[2][2]};
  const double products[4][4] = {
      {0, r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]},
      {0, 0, r[1][0] + r[0][1], r[0][2] + r[2][0]},
      {0, 0, 0, r[2][1] + r[1][2]},
      {}};
  const auto largest = size_t(std::max_element(trace, trace + 4) - trace);
  double q[4];
  for (size_t i = 0; i < 4; ++i) {
    const double product = products[std::min(i, largest)][std::max(i, largest)];
    q[i] = std::sqrt(std::max(trace[i], 0.0)) / 2 *
           (i != largest && product < 0 ? -1 : 1);
  }
  for (size_t i = 0; i < 3; ++i) {
    h.quaternion[i] = float(q[0] < 0 ? -q[i + 1] : q[i + 1]);
    h.qformOffset[i] = float(geometry.affine[i][3]);
  }
  h.qformCode = 1;
}

// All storage orders of an oblique scan are the same volume with either form.
// Ties of axes at 45 degrees are resolved by the position in space, not by the
// order of the file.
TEST(GeometryTest, AllOrdersOfObliqueScans) {
  TemporaryFolder folder;
  std::vector<float> first(512), image(512);
  enum Form { Sform, Qform, Both };
  for (double degrees : {20.0, 45.0})
    for (size_t about = 0; about < 3; ++about)
      for (Form form : {Sform, Qform, Both}) {
        const double angle = degrees * std::acos(-1.0) / 180;
        const size_t a = (about + 1) % 3, b = (about + 2) % 3;
        first.clear();
        for (const AxisOrder &order : allOrders()) {
          Stored stored(order);
          VolumeGeometry &g = stored.geometry;
          for (size_t axis = 0; axis < 4; ++axis) {
            const double x = g.affine[a][axis], y = g.affine[b][axis];
            g.affine[a][axis] = std::cos(angle) * x - std::sin(angle) * y;
            g.affine[b][axis] = std::sin(angle) * x + std::cos(angle) * y;
          }
          setQform(g);
          for (size_t row = 0; row < 3; ++row)
            for (size_t axis = 0; axis < 4; ++axis)
              g.header.sform[row][axis] = float(g.affine[row][axis]);
          g.header.qformCode = form == Sform ? 0 : 1;
          g.header.sformCode = form == Qform ? 0 : 1;
          const std::string path = folder / "in.nii";
          // writeNifti would wait for the disk, which takes seconds in total.
          std::ofstream(path, std::ios::binary)
              << encodeNifti(g, stored.voxels.data());
          auto set = openFiles({path}, pipeline(), {});
          ASSERT_OK(set.status());
          ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
          EXPECT_THAT((*set)->notes().take(), IsEmpty());
          if (first.empty())
            first = image;
          EXPECT_EQ(image, first)
              << degrees << " degrees about " << about << ", form " << form
              << ", " << orientationText(g);
        }
      }
}

// An image without forms is placed like its label: the network gets the same
// sample as of an image with the label's form.
TEST(GeometryTest, ImageOnTheLabelsGrid) {
  TemporaryFolder folder;
  for (const char *name : {"imagesTr", "labelsTr"})
    ASSERT_OK(createDirectories(folder / name));
  ASSERT_OK(writeFileAtomically(
      folder / "dataset.json",
      R"({"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "A",
          "2": "b"}, "training": [{"image": "imagesTr/x.nii",
          "label": "labelsTr/x.nii"}]})"));
  const Stored stored(allOrders()[11]);
  ASSERT_OK(writeNifti(folder / "labelsTr/x.nii", stored.geometry,
                       stored.labels.data()));
  std::vector<float> first(512), image(512);
  std::vector<int32_t> label(512);
  VolumeGeometry geometry = stored.geometry;
  for (std::vector<float> *result : {&first, &image}) {
    ASSERT_OK(
        writeNifti(folder / "imagesTr/x.nii", geometry, stored.voxels.data()));
    auto set = openDataset(folder.path, pipeline(), {});
    ASSERT_OK(set.status());
    ASSERT_OK(
        (*set)->sample(Split::Train, 0, {}, result->data(), label.data()));
    if (geometry.header.sformCode == 0)
      EXPECT_THAT((*set)->notes().take(),
                  ElementsAre(HasSubstr("the grid of its label counts")));
    geometry.header.sformCode = 0;
  }
  EXPECT_EQ(image, first);
}

// If the image's two forms differ, a label may be on the grid of the qform.
// This is reported.
TEST(GeometryTest, LabelOnTheQform) {
  TemporaryFolder folder;
  const Stored plain((AxisOrder()));
  for (const char *name : {"imagesTr", "labelsTr"})
    ASSERT_OK(createDirectories(folder / name));
  ASSERT_OK(writeFileAtomically(
      folder / "dataset.json",
      R"({"modality": {"0": "MRI"}, "labels": {"0": "background", "1": "A",
          "2": "b"}, "training": [{"image": "imagesTr/x.nii",
          "label": "labelsTr/x.nii"}]})"));
  VolumeGeometry image = plain.geometry, label = plain.geometry;
  image.header.qformCode = 1;
  image.header.qformOffset[0] = 30;
  label.header.sform[0][3] = 30;
  label.header.sform[1][3] = label.header.sform[2][3] = 0;
  ASSERT_OK(writeNifti(folder / "imagesTr/x.nii", image, plain.voxels.data()));
  ASSERT_OK(writeNifti(folder / "labelsTr/x.nii", label, plain.labels.data()));
  auto set = openDataset(folder.path, pipeline(), {});
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
  EXPECT_THAT((*set)->notes().take(),
              Contains(HasSubstr("by the image's qform")));
  label.header.sform[1][3] = 1;
  ASSERT_OK(writeNifti(folder / "labelsTr/x.nii", label, plain.labels.data()));
  set = openDataset(folder.path, pipeline(), {});
  ASSERT_OK(set.status());
  EXPECT_ERROR((*set)->load(Split::Train), InvalidArgument, "mm apart");
}

// Whatever way a volume is turned, reflected and stretched, all that a header
// says about its place is one thing after agreeForms, and reads back so.
TEST(FormsTest, Agree) {
  for (int turn = 0; turn < 64; ++turn) {
    // Half turns among them: two parts of the quaternion are 0.
    const int first = turn % 4, second = turn / 4 % 4, third = turn / 16;
    double q[4] = {double(first), second - 1.5, third - 1.0,
                   turn % 2 ? 1.0 : 0.0};
    const double size =
        std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    for (double &part : q)
      part /= size;
    const auto [a, b, c, d] = q;
    const double rotation[3][3] = {{a * a + b * b - c * c - d * d,
                                    2 * (b * c - a * d), 2 * (b * d + a * c)},
                                   {2 * (b * c + a * d),
                                    a * a + c * c - b * b - d * d,
                                    2 * (c * d - a * b)},
                                   {2 * (b * d - a * c), 2 * (c * d + a * b),
                                    a * a + d * d - b * b - c * c}};
    VolumeGeometry grid;
    grid.size = {20, 30, 10};
    grid.placedBy = PlacedBy::Sform;
    const double spacing[3] = {0.5, 1.25, turn % 3 ? 3.0 : -3.0};
    for (size_t row = 0; row < 3; ++row) {
      for (size_t axis = 0; axis < 3; ++axis)
        grid.affine[row][axis] = rotation[row][axis] * spacing[axis];
      grid.affine[row][3] = 10.0 * double(row) - 7;
    }
    grid.header.headerSize = 348;
    grid.header.dim[0] = 3;
    grid.header.sformCode = 2;
    grid.header.qformCode = 1;
    grid.header.units = 3; // Micrometres, which become millimetres.
    agreeForms(grid);
    EXPECT_EQ(grid.header.sformCode, 2);
    EXPECT_EQ(grid.header.qformCode, 1) << "turn " << turn;
    VolumeGeometry read = grid;
    std::vector<std::string> warnings;
    ASSERT_OK(placeVolume("a", read, warnings));
    EXPECT_THAT(warnings, testing::IsEmpty());
    EXPECT_LT(cornerDistance(read, grid), 1e-4);
    const VolumeGeometry qform = placedByQform(read).value_or(VolumeGeometry());
    EXPECT_EQ(qform.placedBy, PlacedBy::Qform);
    EXPECT_LT(cornerDistance(qform, grid), 1e-3) << "turn " << turn;
  }
}

// A rotation cannot follow a shear, so that the qform would be another place.
TEST(FormsTest, ShearHasNoQform) {
  VolumeGeometry grid = cubeOfEight();
  grid.placedBy = PlacedBy::Sform;
  grid.affine[0][1] = 0.5;
  grid.header.qformCode = 1;
  agreeForms(grid);
  EXPECT_EQ(grid.header.qformCode, 0);
  EXPECT_EQ(grid.header.sform[0][1], 0.5F);
}
