// RUN: segc-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expects a region of memory, got 'heap'}}
#b = #exec.buffer<heap + 0 : tensor<4xf32>>

// -----

// expected-error@+1 {{expects the offset in the region 'arena' to be from 0 to 70368744177664, got -64}}
#b = #exec.buffer<arena + -64 : tensor<4xf32>>

// -----

// expected-error@+1 {{expects the index in the region 'inputs' to be from 0 to 1023, got -1}}
#b = #exec.buffer<inputs[-1] : tensor<4xf32>>

// -----

// expected-error@+1 {{expects a tensor of known size, got 'tensor<?xf32>'}}
#b = #exec.buffer<arena + 0 : tensor<?xf32>>

// -----

// expected-error@+1 {{expects a tensor of up to 1099511627776 elements, got 'tensor<4611686018427387904x4xf32>'}}
#b = #exec.buffer<arena + 0 : tensor<4611686018427387904x4xf32>>

// -----

// expected-error@+1 {{expects elements of whole bytes, got 'tensor<4xi1>'}}
#b = #exec.buffer<arena + 0 : tensor<4xi1>>

// -----

// expected-error@+1 {{expects f32, f16, bf16 or an integer type, which hosts have a number for, got 'tensor<4xf64>'}}
#b = #exec.buffer<arena + 0 : tensor<4xf64>>

// -----

// expected-error@+1 {{expects 'scratch' from 0 to 70368744177664, got -4}}
#k = #exec.kernel<@f launch 0 tasks 0 + 1 * n scratch -4>

// -----

// expected-error@+1 {{expects one op and exec.yield in its body, got 1 ops}}
exec.fusion @f(%x: tensor<4xf32>) {
  exec.yield %x : tensor<4xf32>
}

// -----

exec.fusion @f(%x: tensor<4xf32>, %y: tensor<4xf32>) {
  // expected-error@+1 {{expects the 2 arguments of the exec.fusion as its operands, in order}}
  %0 = seg.add %y, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  // expected-error@+1 {{expects the 1 results of 'seg.relu' as its operands, in order}}
  exec.yield %x : tensor<4xf32>
}

// -----

// expected-error@+1 {{expects argument #0 in a region that the caller fills, got arena + 0}}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" arena + 0 : tensor<4xf32>) {
}

// -----

// expected-error@+1 {{expects the index in the region 'outputs' to be from 0 to 1023, got 1024}}
#b = #exec.buffer<outputs[1024] : tensor<4xf32>>

// -----

// expected-error@+1 {{expects batch from 1 to 2147483648, got 0}}
exec.program @p batch 0 arena 64 bound 0 () {
}

// -----

// expected-error@+1 {{expects arena to be a multiple of 64, got 100}}
exec.program @p batch 1 arena 100 bound 0 () {
}

// -----

// expected-error@+1 {{expects bound from 0 to 64, got 128}}
exec.program @p batch 1 arena 64 bound 128 () {
}

// -----

// expected-error@+1 {{expects a name and a buffer for each of 1 arguments, got 0 and 0}}
"exec.program"() <{argument_buffers = [], argument_names = [], arena = 0 : i64, batch = 1 : i64, bound = 0 : i64, sym_name = "p"}> ({
^bb0(%x: tensor<4xf32>):
  "exec.return"() <{names = []}> : () -> ()
}) : () -> ()

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{'seg.relu' op is no command of a program}}
  %0 = seg.relu %x : tensor<4xf32>
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects value #0 to be a command's result that is returned once, got an argument}}
  exec.return (%x as "y" : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  %0 = exec.copy (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
  // expected-error@+1 {{expects value #0 in a region that outlives the call, got arena + 0}}
  exec.return (%0 as "y" : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects a result of type 'tensor<4xf32>', as its operand, got 'tensor<8xf32>'}}
  %0 = exec.copy (%x : tensor<4xf32>) -> (arena + 0 : tensor<8xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects the kernel @k to be a function of this module with the attribute exec.kernel, got none}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

func.func private @k(memref<4xf32>)
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects the kernel @k to be a function of this module with the attribute exec.kernel, which it lacks}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

func.func private @k(memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects the kernel @k to belong to an exec.fusion of this module, got @f}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects at least one kernel}}
  %0 = exec.launch [] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
func.func private @k_1(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 1 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects the kernels of @f in their order, launch 0 next, got launch 1, @k_1}}
  %0 = exec.launch [@k_1, @k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
exec.fusion @g(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
func.func private @l(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@g launch 1 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects kernels of one exec.fusion, got @f and @g}}
  %0 = exec.launch [@k, @l] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<8xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects parameter #1 of @k to hold 'tensor<4xf32>', got 'memref<8xf32>'}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects @k to have parameters for 2 buffers, got 1}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<2x2xf32>) {
  // expected-error@+1 {{expects operand #0 of type 'tensor<4xf32>', as @f has, got 'tensor<2x2xf32>'}}
  %0 = exec.launch [@k] (%x : tensor<2x2xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects 1 operands, as @f has, got 2}}
  %0 = exec.call "lib" @f (%x : tensor<4xf32>, %x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects an exec.fusion of this module, got @f}}
  %0 = exec.call "lib" @f (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects temporary #0 in the arena, got prepared + 0}}
  %0 = exec.call "lib" @f (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>) temporaries (prepared + 0 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects temporary #0 in the arena or prepared, got states + 0}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>) temporaries (states + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k_1(memref<4xf32>, memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 1 tasks 1 + 0 * n scratch 0>}
exec.program @prepare batch 1 arena 64 bound 0 (%x = "x" parameters + 0 : tensor<4xf32>) {
  // expected-error@+1 {{expects the first kernel of @f, got launch 1}}
  %0 = exec.prepare @k_1 operand 0 (%x : tensor<4xf32>) -> (prepared + 0 : tensor<4xf32>)
}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @prepare batch 1 arena 64 bound 0 (%x = "x" parameters + 0 : tensor<4xf32>) {
  // expected-error@+1 {{expects one of 1 operands of @f, got operand 1}}
  %0 = exec.prepare @k operand 1 (%x : tensor<4xf32>) -> (prepared + 0 : tensor<4xf32>)
}

// -----

exec.program @prepare batch 1 arena 64 bound 0 (%x = "x" parameters + 0 : tensor<4xf32>) {
  // expected-error@+1 {{expects its result in the region 'prepared', got arena + 0}}
  %0 = exec.prepare @k operand 0 (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 0 bound 0 () {
  // expected-error@+1 {{expects at least one tensor}}
  %t = exec.collective sum () -> ()
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf32>, %b = "b" gradients + 128 : tensor<4xf32>) {
  // expected-error@+1 {{expects result #1 to follow gradients + 0, which ends at 16, got gradients + 128}}
  %s:2, %t = exec.collective sum (%a : tensor<4xf32>, %b : tensor<4xf32>) -> (gradients + 0 : tensor<4xf32>, gradients + 128 : tensor<4xf32>)
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf32>, %b = "b" gradients + 64 : tensor<4xf16>) {
  // expected-error@+1 {{expects results of one element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  %s:2, %t = exec.collective sum (%a : tensor<4xf32>, %b : tensor<4xf16>) -> (gradients + 0 : tensor<4xf32>, gradients + 64 : tensor<4xf16>)
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf32>) {
  // expected-error@+1 {{expects values of f32 to travel as bf16 or f16, got 'f32' as 'i8'}}
  %s, %t = exec.collective sum (%a : tensor<4xf32>) -> (gradients + 0 : tensor<4xf32>) as i8
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf16>) {
  // expected-error@+1 {{expects values of f32 to travel as bf16 or f16, got 'f16' as 'bf16'}}
  %s, %t = exec.collective sum (%a : tensor<4xf16>) -> (gradients + 0 : tensor<4xf16>) as bf16
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" scalars + 0 : tensor<4xi64>) {
  // expected-error@+1 {{expects floats in result #0, got 'tensor<4xi64>'}}
  %s, %t = exec.collective broadcast (%a : tensor<4xi64>) -> (scalars + 0 : tensor<4xi64>)
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf32>) {
  // expected-error@+1 {{expects results of the types of its operands}}
  %s, %t = exec.collective broadcast (%a : tensor<4xf32>) -> (gradients + 0 : tensor<8xf32>)
}

// -----

exec.program @p batch 1 arena 0 bound 0 (%a = "a" gradients + 0 : tensor<4xf16>) {
  // expected-error@+1 {{expects operand #0 of 'f32', as its result, got 'f16'}}
  %s = exec.join (%a : tensor<4xf16>) -> (gradients + 0 : tensor<8xf32>)
}

// -----

exec.program @p batch 1 arena 0 bound 0
    (%x = "finite" inputs[0] : tensor<f32>, %scale = "loss_scale" scalars + 12 : tensor<f32>,
     %i = "step" scalars + 16 : tensor<i64>, %j = "there" inputs[1] : tensor<i64>) {
  // expected-error@+1 {{expects operand #4 to be an argument of the program in the region 'scalars', got inputs[1]}}
  %next:4 = exec.advance_scalars finite %x step %i loss_scale %scale growth_interval %i finite_steps %j skipped_steps %i
}

// -----

// A step is counted once.
exec.program @p batch 1 arena 0 bound 0
    (%x = "finite" inputs[0] : tensor<f32>, %scale = "loss_scale" scalars + 12 : tensor<f32>,
     %i = "step" scalars + 16 : tensor<i64>) {
  %next:4 = exec.advance_scalars finite %x step %i loss_scale %scale growth_interval %i finite_steps %i skipped_steps %i
  // expected-error@+1 {{expects operand #1 to be an argument of the program in the region 'scalars', got the result of a command}}
  %more:4 = exec.advance_scalars finite %x step %next#0 loss_scale %scale growth_interval %i finite_steps %i skipped_steps %i
}

// -----

exec.program @p batch 1 arena 0 bound 0
    (%x = "finite" inputs[0] : tensor<f32>, %i = "step" scalars + 16 : tensor<i64>) {
  // expected-error@+1 {{'tensor<f32>' vs 'tensor<i64>'}}
  %next:4 = exec.advance_scalars finite %x step %i loss_scale %i growth_interval %i finite_steps %i skipped_steps %i
  // expected-note@-3 {{prior use here}}
}

// -----

// expected-error@+2 {{expects strides of multiples of 16 bytes, got 24}}
func.func private @k() attributes {exec.map =
  #exec.tensor_map<operand 0 + 0 : bf16 sizes [12, 8] strides [2, 24] box [8, 8] steps [1, 1] swizzle 0 samples 2>}

// -----

// expected-error@+2 {{expects a box with rows of a multiple of 16 bytes, at most the swizzle's, got 128}}
func.func private @k() attributes {exec.map =
  #exec.tensor_map<operand 0 + 0 : bf16 sizes [64, 8] strides [2, 128] box [64, 8] steps [1, 1] swizzle 64 samples 2>}

// -----

// expected-error@+2 {{expects sizes, strides, box and steps of 1 to 5 dimensions, got 2, 2, 1 and 2}}
func.func private @k() attributes {exec.map =
  #exec.tensor_map<operand 0 + 0 : bf16 sizes [64, 8] strides [2, 128] box [64] steps [1, 1] swizzle 64 samples 2>}

// -----

// expected-error@+2 {{expects 'box' from 1 to 256, got 512}}
func.func private @k() attributes {exec.map =
  #exec.tensor_map<operand 0 + 0 : bf16 sizes [64, 800] strides [2, 128] box [64, 512] steps [1, 1] swizzle 128 samples 2>}

// -----

// expected-error@+2 {{expects elements of f32, f16 or bf16, got 'i16'}}
func.func private @k() attributes {exec.map =
  #exec.tensor_map<operand 0 + 0 : i16 sizes [64, 800] strides [2, 128] box [64, 64] steps [1, 1] swizzle 128 samples 2>}

// -----

// expected-error@+1 {{expects 'maps' of a kernel with 'threads' alone}}
func.func private @k() attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 0 + 64 * n scratch 0 maps [<operand 0 + 0 : bf16 sizes [64, 8] strides [2, 128] box [64, 8] steps [1, 1] swizzle 128 samples 1>]>}

// -----

// expected-error@+1 {{expects 'dependent' of a kernel with 'threads' alone}}
func.func private @k() attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 0 + 64 * n scratch 0 dependent true>}

// -----

exec.fusion @f(%x: tensor<4xf32>) {
  %0 = seg.relu %x : tensor<4xf32>
  exec.yield %0 : tensor<4xf32>
}
func.func private @k(memref<4xf32>, memref<4xf32>) attributes {exec.kernel = #exec.kernel<@f launch 0 tasks 1 + 0 * n scratch 0>}
exec.program @p batch 1 arena 64 bound 0 (%x = "x" inputs[0] : tensor<4xf32>) {
  // expected-error@+1 {{expects its call to read some of 1 operands, got operand 1}}
  %0 = exec.launch [@k] (%x : tensor<4xf32>) -> (arena + 0 : tensor<4xf32>) call <"lib" inputs [1] {}>
}
