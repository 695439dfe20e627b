// RUN: segc-opt %s | FileCheck %s
// RUN: segc-opt %s --mlir-print-op-generic | segc-opt | FileCheck %s

// CHECK-LABEL: @all_reduce
func.func @all_reduce(%x: tensor<8xf32>, %y: tensor<3x2xf32>, %s: tensor<f64>) -> (tensor<8xf32>, tensor<f64>) {
  // CHECK: seg.all_reduce mean %{{.*}} : tensor<8xf32>
  %0 = seg.all_reduce mean %x : tensor<8xf32>
  // CHECK: seg.all_reduce sum %{{.*}} {offsets = array<i64: 64>} : tensor<f64>
  %1 = seg.all_reduce sum %s {offsets = array<i64: 64>} : tensor<f64>
  // CHECK: seg.all_reduce mean %{{.*}}, %{{.*}} : tensor<8xf32>, tensor<3x2xf32>
  %2:2 = seg.all_reduce mean %x, %y : tensor<8xf32>, tensor<3x2xf32>
  return %0, %1 : tensor<8xf32>, tensor<f64>
}
