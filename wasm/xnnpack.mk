# make -f wasm/xnnpack.mk V=native|<variant>: build/$V/libxnnpack.a, XNNPACK with pthreadpool.
# Called by Makefile, from the root of the repository, with emcc on PATH.
include wasm/variants.mk

B := build/$(V)/xnnpack
# Kept off: what needs another library or an instruction set that these builds do not have.
OFF := CPUINFO JIT ASSEMBLY DWCONV_MULTIPASS KLEIDIAI HVX ARM_FP16_VECTOR ARM_FP16_SCALAR ARM_BF16 \
       ARM_DOTPROD ARM_I8MM ARM_SME ARM_SME2 RISCV_VECTOR RISCV_FP16_VECTOR
ON  := MEMOPT SPARSE GEMM_M_SPECIALIZATION
DEFINES := $(OFF:%=-DXNN_ENABLE_%=0) $(ON:%=-DXNN_ENABLE_%=1) -DXNN_LOG_LEVEL=0 -DNDEBUG \
           -DFXDIV_USE_INLINE_ASSEMBLY=0 -DPTHREADPOOL_NO_DEPRECATED_API=1
INCLUDES := -I$(XNNPACK_SRC)/include -I$(XNNPACK_SRC)/src -I$(PTHREADPOOL_SRC)/include \
            -I$(FXDIV_SRC)/include -I$(FP16_SRC)/include
COMMON := -fno-math-errno -ffp-contract=off -ffile-prefix-map=$(CURDIR)/= -w

ifeq ($(V),native)
  KERNELS := scalar
  COMPILE := $(LLVM)/clang -O2 -pthread
  ARCHIVE := $(LLVM)/llvm-ar
  INCLUDES := -Iwasm/scalar $(INCLUDES)
else
  KERNELS := $(firstword $(subst -, ,$(V)))
  # clang with emcc's own flags: emcc itself spends twice the compiler's time on starting Python.
  FLAGS := $(shell emcc $(FLAGS_$(V)) --cflags)
  COMPILE := $(shell em-config LLVM_ROOT)/clang $(FLAGS) -O3
  ARCHIVE := emar
  # Two wasm kernels include arm_neon.h and need nothing of it.
  INCLUDES := -Iwasm/shim $(INCLUDES)
endif

SOURCES := $(shell sh wasm/xnnpack_sources.sh $(XNNPACK_SRC) $(KERNELS))
POOL := $(if $(filter native %-mt,$(V)),memory.c portable-api.c pthreads.c fastpath.c,shim.c)
OBJECTS := $(SOURCES:%=$(B)/%.o) $(POOL:%=$(B)/pthreadpool/%.o) $(B)/build_identifier.c.o \
           $(B)/no_reference.c.o

build/$(V)/libxnnpack.a: $(OBJECTS)
	@rm -f $@
	@$(ARCHIVE) rcsD $@ $^

$(OBJECTS): wasm/xnnpack.mk wasm/variants.mk $(THIRD_PARTY)

C   := -std=gnu11 $(COMMON) $(DEFINES) $(INCLUDES)
CXX := -std=gnu++14 -fno-exceptions -fno-rtti $(COMMON) $(DEFINES) $(INCLUDES)
$(B)/build_identifier.c.o: $(B)/build_identifier.c
	@$(COMPILE) $(C) -c $< -o $@
$(B)/build_identifier.c:
	@mkdir -p $(@D)
	@cd $(XNNPACK_SRC) && python3 scripts/generate-build-identifier.py \
	    --output $(abspath $@) $(filter %.c,$(SOURCES))
$(B)/no_reference.c.o: wasm/no_reference.c
	@mkdir -p $(@D)
	@$(COMPILE) $(C) -c $< -o $@
$(B)/pthreadpool/pthreads.c.o: wasm/short_spin.c
	@mkdir -p $(@D)
	@$(COMPILE) $(C) -I$(PTHREADPOOL_SRC)/src -c $< -o $@
$(B)/pthreadpool/%.c.o: $(PTHREADPOOL_SRC)/src/%.c
	@mkdir -p $(@D)
	@$(COMPILE) $(C) -c $< -o $@
$(B)/%.c.o: $(XNNPACK_SRC)/%.c
	@mkdir -p $(@D)
	@$(COMPILE) $(C) -c $< -o $@
$(B)/%.cc.o: $(XNNPACK_SRC)/%.cc
	@mkdir -p $(@D)
	@$(COMPILE) $(CXX) -c $< -o $@
