#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
namespace segc {
mlir::LogicalResult emitPointwiseFusion(FusionEmitter &emitter) {
  return mlir::failure();
}
}
