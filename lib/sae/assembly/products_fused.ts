// asc: --importMemory --sharedMemory --initialMemory 1 --maximumMemory 65536 --enable threads --enable relaxed-simd
// The sparse products with fused multiply-adds, for the native engine, whose bits depend on the machine anyway.
export * from "./products";
