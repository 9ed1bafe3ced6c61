# make run, make test; the rest: make help. The first call sets everything up in third_party/.
ifneq ($(words $(CURDIR)),1)
  $(error make cannot build in a folder whose path has a space)
endif
include wasm/variants.mk

# As many jobs as cores, and one line per step; VERBOSE=1 shows the commands.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
  MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-print-directory $(if $(VERBOSE),,--silent)
.DELETE_ON_ERROR:
.SECONDARY:

MODEL ?= models/fusion-sgtd.safetensors
CLIPS := tests/clips/live.y4m.gz tests/clips/replay.y4m.gz
FUZZ_SECONDS ?= 60
# make test ONLY=clip: what has "clip" in its name, and no more is built than that needs.
only = $(strip $(if $(ONLY),$(foreach t,$1,$(if $(findstring $(ONLY),$t),$t)),$1))

# Natively all run. What computes with the instructions that variants differ in runs in each of
# them, what finds faces or holds memory in the plainest and in the one that has everything.
WASM_TESTS := $(foreach v,$(VARIANTS),$(patsubst %,build/$v/%.cjs,test_image test_formats \
        test_golden test_minifas)) \
    $(foreach v,simd relaxed-mt,$(patsubst %,build/$v/%.cjs,test_face test_face_decode \
        test_session test_session_files test_spread test_run test_views test_memory test_oom))
WASM_TESTS := $(call only,$(WASM_TESTS))

SOURCES  := $(wildcard src/*.c)
NAMES    := $(SOURCES:src/%.c=%)
TESTS    := $(call only,$(patsubst tests/%.c,%,$(wildcard tests/test_*.c)))
HELPERS  := $(filter-out tests/test_% tests/fuzz_% tests/bench.c,$(wildcard tests/*.c))
# Pages with a camera; tools that want a newer Node than Debian 12 has; the rest.
CAMERA_TESTS := $(call only,$(wildcard tests/browser/*.test.mjs) tests/snippets.test.mjs)
NEW_TESTS := $(call only,tests/bundlers.test.mjs tests/package.test.mjs)
JS_TESTS := $(call only,$(filter-out $(NEW_TESTS) $(CAMERA_TESTS),$(wildcard tests/*.test.mjs)))
PRODUCTS := $(VARIANTS:%=build/livedepth-%.mjs)
DETECTOR := build/blazeface-short.safetensors
PYTHON_TESTS := $(call only,$(wildcard training/tests/test_*.py))
# Of training and its tests; PYTHON=python3 takes one that has training/requirements.txt already.
PYTHON   := third_party/venv/bin/python

all: dist/assets.js ## the package: the wasm module in every variant, JavaScript, weights

# A MiniFASNet alone and a network of the context view are there for tests and bundles, not for
# users.
UNPACKED := models/minifasnet-% models/%-context.safetensors
WEIGHTS := $(DETECTOR) $(filter-out $(UNPACKED),$(wildcard models/*.safetensors))
dist/assets.js: wasm/package.mjs wasm/bundle.mjs wasm/sbom.mjs wasm/pins.txt package.json LICENSE \
    tests/clips/example.y4m.gz $(wildcard js/*/*) $(PRODUCTS) build/NOTICES.txt $(WEIGHTS)
	echo "dist"
	node $< dist build build/NOTICES.txt $(WEIGHTS)

# The licences of what the modules and the detector are made of, from the sources themselves.
NOTICES := $(foreach s,$(XNNPACK_SRC) $(PTHREADPOOL_SRC) $(FXDIV_SRC) $(FP16_SRC) $(STB_SRC),\
               $s/LICENSE) \
           tests/clips/LICENSE.txt \
           $(foreach f,emscripten/copyright system/lib/libc/musl/COPYRIGHT,\
               $(wildcard third_party/emscripten/$f))
build/NOTICES.txt: wasm/notices.sh models/minifasnet-NOTICE.txt $(NOTICES)
	mkdir -p $(@D)
	sh $< $(NOTICES) > $@

run: all ## scores the test clips: verdict, and depth maps in build/depth
	node js/node/cli.mjs score $(CLIPS) --model $(MODEL) --depth build/depth

help: ## this list
	sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 18

clean: ## removes build/ and dist/
	rm -rf build dist

distclean: clean ## removes build/ and third_party/
	rm -rf third_party

# Set-up: make reads env.mk, and therefore makes it first, unless the goal needs no tools.
ifneq ($(filter-out help clean distclean,$(or $(MAKECMDGOALS),all)),)
include third_party/env.mk
endif
third_party/env.mk: wasm/toolchain.sh wasm/pins.txt
	bash wasm/toolchain.sh third_party
	touch $@

# --- compiling ---

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# The same bits everywhere: no fused multiply-add behind our back, no path in the files.
CFLAGS := -std=c11 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fno-math-errno \
          -ffile-prefix-map=$(CURDIR)/= $(WARNINGS) -Isrc -Itests \
          -isystem $(XNNPACK_SRC)/include -isystem $(PTHREADPOOL_SRC)/include \
          -isystem $(FP16_SRC)/include -isystem $(STB_SRC)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
NATIVE   := $(LLVM)/clang -O1 -g -pthread $(SANITIZE)
NATIVE_LIBS := build/native/libxnnpack.a -lm -lstdc++
WASM     := emcc -O3 -DNDEBUG

# Linking. 3.1.69 with npm's binaryen always needs WASM_BIGINT. The node variants of the file
# system would double the glue, so only tests have them.
LINK := -sWASM_BIGINT -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=512MB -sABORTING_MALLOC=0 \
        -sSTACK_SIZE=512KB -Wno-pthreads-mem-growth
# Of what ships. Functions with one caller stay by themselves: inlined, what runs once would make
# one so large that a browser optimises it while the first frame waits for its kernels.
SEPARATE := -sBINARYEN_EXTRA_PASSES=--one-caller-inline-max-function-size=0
comma := ,
space := $(subst ,, )
MODULE_API := wasmBinary wasmMemory instantiateWasm print printErr
MODULE := $(LINK) $(SEPARATE) -sMODULARIZE -sEXPORT_ES6 -sEXPORT_NAME=createModule \
          -sENVIRONMENT=web,worker,node -sDYNAMIC_EXECUTION=0 -sFILESYSTEM=0 \
          -sSUPPORT_LONGJMP=0 -sEXPORTED_FUNCTIONS=@wasm/exports.txt \
          -sEXPORTED_RUNTIME_METHODS=HEAPU8 \
          -sINCOMING_MODULE_JS_API=$(subst $(space),$(comma),$(MODULE_API))
# The caller says how many threads wait ready: a thread made later could start only when JavaScript
# is back in its event loop, which waits for that thread.
# PThread lets it end them.
MODULE_MT := '-sPTHREAD_POOL_SIZE=Module["pthreadPoolSize"]||0' \
             -sEXPORTED_RUNTIME_METHODS=HEAPU8,PThread
# Of the programs that test the same objects: binaryen's passes at -O3 take half a minute for each.
PROGRAM_O := -O1
PROGRAM := $(LINK) -sNODERAWFS -sEXIT_RUNTIME -sENVIRONMENT=node
PROGRAM_MT := -sPTHREAD_POOL_SIZE=8 -sENVIRONMENT=node,worker

build/%/libxnnpack.a: wasm/xnnpack.mk wasm/variants.mk wasm/xnnpack_sources.sh wasm/short_spin.c \
                      wasm/no_reference.c $(THIRD_PARTY)
	echo "XNNPACK $*"
	$(MAKE) -f wasm/xnnpack.mk V=$*
	touch $@

# Rules of one variant: objects, the module, tests and the benchmark.
define variant_rules
build/$1/%.o: src/%.c Makefile wasm/variants.mk $(THIRD_PARTY)
	mkdir -p $$(@D)
	$$(WASM) $(FLAGS_$1) $$(CFLAGS) -MMD -MP -c $$< -o $$@
build/$1/bindings.o: wasm/bindings.c Makefile wasm/variants.mk $(THIRD_PARTY)
	mkdir -p $$(@D)
	$$(WASM) $(FLAGS_$1) $$(CFLAGS) -MMD -MP -c $$< -o $$@
build/livedepth-$1.mjs: build/$1/bindings.o $(NAMES:%=build/$1/%.o) build/$1/libxnnpack.a \
                        wasm/exports.txt
	echo "link livedepth-$1"
	$$(WASM) $(FLAGS_$1) $$(MODULE) $(if $(findstring -mt,$1),$$(MODULE_MT)) \
	    $$(filter %.o %.a,$$^) -o $$@
build/$1/tests/%.o: tests/%.c Makefile wasm/variants.mk $(THIRD_PARTY)
	mkdir -p $$(@D)
	$$(WASM) $(FLAGS_$1) $$(CFLAGS) $$(PROGRAM_O) -MMD -MP -c $$< -o $$@
build/$1/%.cjs: build/$1/tests/%.o $(HELPERS:%.c=build/$1/%.o) $(NAMES:%=build/$1/%.o) \
                build/$1/libxnnpack.a
	echo "link $$* $1"
	$$(WASM) $(FLAGS_$1) $$(PROGRAM_O) $$(PROGRAM) $(if $(findstring -mt,$1),$$(PROGRAM_MT)) \
	    $$(filter %.o %.a,$$^) -o $$@
endef
$(foreach variant,$(VARIANTS),$(eval $(call variant_rules,$(variant))))

# It measures what ships, and holds the largest network twice.
build/%/bench.cjs: PROGRAM_O := -O3
build/%/bench.cjs: PROGRAM += $(SEPARATE) -sMAXIMUM_MEMORY=1GB
# These put themselves before the allocator.
OOM := $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc posix_memalign free)
COUNTING := test_oom test_faults test_image test_session
$(COUNTING:%=build/\%/%.cjs): PROGRAM += $(OOM)
$(foreach b,native cover,$(COUNTING:%=build/$b/%)): NATIVE_LIBS += $(OOM)

# Rules of one build for this machine: its folder, what its programs are called, its compiler, and
# what they link beside the library.
define native_rules
build/$1/%.o: src/%.c Makefile
	mkdir -p $$(@D)
	$$($3) $$(CFLAGS) -MMD -MP -c $$< -o $$@
build/$1/tests/%.o: tests/%.c Makefile
	mkdir -p $$(@D)
	$$($3) $$(CFLAGS) -MMD -MP -c $$< -o $$@
build/$1/$2_%: build/$1/tests/$2_%.o $(HELPERS:%.c=build/$1/%.o) $(NAMES:%=build/$1/%.o) $4 \
    build/native/libxnnpack.a
	echo "link $2_$$* $1"
	$$($3) $$(filter %.o,$$^) $$(NATIVE_LIBS) -o $$@
endef
$(eval $(call native_rules,native,test,NATIVE))
# Here tests spend most of their time.
build/native/matmul.o build/native/winograd.o: NATIVE += -O2
-include $(wildcard build/*/*.d build/*/tests/*.d)

$(DETECTOR): wasm/detector.py third_party/face_detection/face_detection_short_range.tflite
	mkdir -p $(@D)
	python3 $^ $@
third_party/face_detection/face_detection_short_range.tflite: ;

# --- testing ---

# One line per program: what it is called, a tab, its command. Node before 22 hides relaxed SIMD
# behind a flag, hence the other Node.
RELAXED_NODE := third_party/node24/bin/node
NODE_FOR = $(if $(findstring relaxed,$1),$(RELAXED_NODE),node)
TEST_NODE := third_party/node24/bin/node
# The public header is for C and C++ programs alike.
HEADER := $(LLVM)/clang -Wall -Wextra -Wpedantic -Werror -fsyntax-only
# What takes long and seldom breaks alone is for `make test`.
LONG := test_oom test_faults test_memory test_threads test_spread \
        $(patsubst %,tests/%.test.mjs,recordings pool pool-ends cli forgeries photo variants server)
FIRST := test_run test_image test_session test_gates
# The long ones first: as many run at once as there are cores.
define node_tests
$(foreach t,$2,$(t:tests/%.test.mjs=%) javascript	$1 --test --test-reporter=tap $t
)
endef
define native_tests
$(foreach t,$1,$t native	build/native/$t
)
endef
define CHECK_LIST
$(if $(call only,lint),lint	MAKEFLAGS= $(MAKE) --no-print-directory lint)
$(call native_tests,$(filter $(FIRST),$(TESTS)))
$(call node_tests,node,$(filter-out $(LONG),$(JS_TESTS)))
$(call native_tests,$(filter-out $(LONG) $(FIRST),$(TESTS)))
$(if $(call only,header),header	$(HEADER) -x c -std=c11 src/livedepth.h && $(HEADER) -x c++ -std=c++17 src/livedepth.h)
endef
define TEST_LIST
$(if $(call only,quick),quick run of training	$(PYTHON) -m training.tests.quick)
$(if $(PYTHON_TESTS),training	$(PYTHON) -m training.tests.suite $(ONLY))
$(if $(call only,analyze),analyze	MAKEFLAGS= $(MAKE) --no-print-directory analyze)
$(call node_tests,node,$(filter $(JS_TESTS),$(LONG)))
$(call node_tests,$(TEST_NODE),$(NEW_TESTS))
$(CHECK_LIST)
$(call native_tests,$(filter $(LONG),$(TESTS)))
$(foreach t,$(WASM_TESTS),$(basename $(notdir $t)) $(notdir $(patsubst %/,%,$(dir $t)))	$(call NODE_FOR,$t) $t
)
$(if $(call only,wasm),wasm	node tests/check_wasm.mjs)
$(if $(call only,types),types	node node_modules/typescript/bin/tsc -p tests/tsconfig.json)
$(if $(call only,types),demo types	node node_modules/typescript/bin/tsc -p tests/tsconfig.web.json)
$(call node_tests,$(TEST_NODE),$(CAMERA_TESTS))
endef
export CHECK_LIST TEST_LIST

NATIVE_TESTS := $(TESTS:%=build/native/%)
test: $(if $(JS_TESTS)$(NEW_TESTS)$(CAMERA_TESTS)$(call only,wasm types),all tools)
test: $(if $(PYTHON_TESTS)$(call only,quick),all product environment)
test: $(NATIVE_TESTS) $(WASM_TESTS) ## builds and runs all tests; ONLY=clip: what has "clip" in its name
	JOBS=$(shell nproc) PATH="$(LLVM):$$PATH" sh tests/run.sh

check: all tools $(filter-out $(LONG:%=build/native/%),$(NATIVE_TESTS)) ## a quick check on a built tree: lint, native tests, Node's tests
	TEST_LIST="$$CHECK_LIST" JOBS=$(shell nproc) PATH="$(LLVM):$$PATH" sh tests/run.sh

# The Python packages that training needs, in a virtual environment.
VENV := $(if $(findstring third_party/,$(PYTHON)),third_party/done/venv)
environment: $(VENV)
third_party/done/venv: training/environment.sh training/requirements.txt
	mkdir -p $(@D)
	bash training/environment.sh third_party/venv
	touch $@

tools: third_party/done/tools
third_party/done/tools: tests/environment.sh package-lock.json
	mkdir -p $(@D)
	bash tests/environment.sh
	touch $@

demo: all tools ## serves the demo page
	$(TEST_NODE) web/serve.mjs

server: all tools ## serves a page whose result the server decides
	$(TEST_NODE) web/verify.mjs

honest: all ## 1000 honest sessions, all of which the server must accept; how many a minute
	node tests/honest.mjs

reproduce: $(PRODUCTS) ## builds the wasm modules in a second folder: the same bits
	sh tests/reproduce.sh $(VARIANTS)

site: all tools ## makes build/site: the demo, the element, the API, as static files
	$(TEST_NODE) web/site.mjs
	$(TEST_NODE) node_modules/typedoc/bin/typedoc --options web/site/typedoc.json --logLevel Warn

bundlers: all tools ## opens the package in Chromium as each bundler builds it
	$(TEST_NODE) tests/bundlers/matrix.mjs

# --- analysis ---

# The threads of a session under ThreadSanitizer, pthreadpool's with it; the XNNPACK of the native
# build, which has no locks that matter after a session is made.
TSAN := $(LLVM)/clang -O1 -g -pthread -fsanitize=thread
TSAN_TESTS := test_threads test_minifas
TSAN_POOL := $(patsubst %,build/tsan/pool/%.o,memory portable-api fastpath short_spin)
TSAN_POOL_CC = $(TSAN) -std=gnu11 -w -DFXDIV_USE_INLINE_ASSEMBLY=0 \
    -DPTHREADPOOL_NO_DEPRECATED_API=1 $(patsubst %,-I%,$(PTHREADPOOL_SRC)/include \
    $(PTHREADPOOL_SRC)/src $(FXDIV_SRC)/include)
build/tsan/pool/%.o: $(PTHREADPOOL_SRC)/src/%.c
	mkdir -p $(@D)
	$(TSAN_POOL_CC) -c $< -o $@
build/tsan/pool/short_spin.o: wasm/short_spin.c
	mkdir -p $(@D)
	$(TSAN_POOL_CC) -c $< -o $@
$(eval $(call native_rules,tsan,test,TSAN,$(TSAN_POOL)))

# valgrind knows what was never written, which AddressSanitizer does not. Debian 12's reads DWARF 4.
PLAIN := $(LLVM)/clang -O1 -gdwarf-4 -pthread
VALGRIND_TESTS := test_weights test_bad_weights test_metadata test_bundle test_decide test_view test_threads
$(eval $(call native_rules,plain,test,PLAIN))

# An empty file for each source in which gcc's analyzer finds nothing, for each test that passed: a
# second call asks again only about what changed.
build/analyze/%.ok: src/%.c $(wildcard src/*.h) | tools
	mkdir -p $(@D)
	gcc $(CFLAGS) -O1 -fanalyzer -Wno-unknown-pragmas -Werror -c $< -o /dev/null
	touch $@

build/analyze/cppcheck.ok: $(SOURCES) $(wildcard src/*.h) | tools
	mkdir -p $(@D)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
	    --error-exitcode=1 -Isrc src
	touch $@
build/tsan/%.ok: build/tsan/%
	TSAN_OPTIONS=halt_on_error=1 $<
	touch $@
build/plain/%.ok: build/plain/% | tools
	valgrind --quiet --error-exitcode=1 --leak-check=full $<
	touch $@

analyze: $(NAMES:%=build/analyze/%.ok) build/analyze/cppcheck.ok $(TSAN_TESTS:%=build/tsan/%.ok)
analyze: $(VALGRIND_TESTS:%=build/plain/%.ok) ## of what changed: gcc's analyzer and cppcheck over src/; threads under TSan, tests under valgrind
	echo "1 passed, 0 failed" # a line for tests/run.sh: those above were counted elsewhere

# What tests run of the code that reads what somebody else wrote, and of what decides.
COVERED := json weights weights_data metadata bundle decide fusion image
COVERED_JS := js/node/y4m.js js/node/png.js js/server/*.js
COVERING_JS := $(patsubst %,tests/%.test.mjs,y4m pictures photo server forgeries recordings)
COVER := $(LLVM)/clang -O1 -g -pthread -fprofile-instr-generate -fcoverage-mapping
$(eval $(call native_rules,cover,test,COVER))
coverage: all tools $(TESTS:%=build/cover/%) ## branches of the parsers and of the decision that no test takes
	PATH="$(LLVM):$$PATH" sh tests/coverage.sh $(COVERED:%=src/%.c)
	$(TEST_NODE) --test --experimental-test-coverage --test-reporter=tap \
	    $(patsubst %,'--test-coverage-include=%',$(COVERED_JS)) $(COVERING_JS) \
	    > build/cover/node.log || { cat build/cover/node.log; exit 1; }
	sed -n '/^# start of coverage/,$$p' build/cover/node.log

# Emscripten's assertions, every access to memory checked, our own assertions.
FLAGS_debug := $(FLAGS_simd)
$(eval $(call variant_rules,debug))
build/debug/% build/livedepth-debug.mjs: \
    WASM := emcc -O1 -g2 -sASSERTIONS=2 -sSAFE_HEAP -sSTACK_OVERFLOW_CHECK=1
build/debug/libxnnpack.a: build/simd/libxnnpack.a
	mkdir -p $(@D)
	cp $< $@
DEBUG_TESTS := $(patsubst build/simd/%,build/debug/%,$(filter build/simd/%,$(WASM_TESTS)))
debug: build/livedepth-debug.mjs $(DEBUG_TESTS) ## the wasm tests with assertions and a checked heap
	$(foreach t,$(DEBUG_TESTS),echo "== $t" && node $t &&) true

native: $(NATIVE_TESTS) ## builds the native tests only, for work on src/

bench: $(VARIANTS:%=build/%/bench.cjs) ## measures every layer in every variant, in Node
	$(foreach v,$(VARIANTS),echo "== $v" && $(call NODE_FOR,$v) build/$v/bench.cjs &&) true

peers: all environment tools ## ours beside onnxruntime-web, LiteRT.js and tfjs; FULL=1: large, too
	PYTHON=$(PYTHON) $(TEST_NODE) tests/peers/bench.mjs $(if $(FULL),--full)

# What the clip maker needs of the library: training/data/product.py.
PRODUCT_SOURCES := training/data/product.c $(patsubst %,src/%.c,\
    base kernels matmul depthwise winograd json weights weights_data resize bilinear image view \
    nn_plan nn_wishes nn_fuse nn_memory nn_xnnpack nn nn_finish nn_run face)
product: build/product/libproduct.so $(DETECTOR) ## detection and crop as a library for training/
build/product/libproduct.so: $(PRODUCT_SOURCES) $(wildcard src/*.h) build/native/libxnnpack.a
	mkdir -p $(@D)
	$(LLVM)/clang -O2 -pthread -fPIC -shared -Wl,-Bsymbolic $(CFLAGS) $(PRODUCT_SOURCES) \
	    build/native/libxnnpack.a -lm -o $@

FUZZERS := $(patsubst tests/%.c,build/fuzz/%,$(wildcard tests/fuzz_*.c))
FUZZ_JS := $(wildcard tests/fuzz_*.mjs)
fuzz: $(FUZZERS) all ## feeds damaged input to the parsers, FUZZ_SECONDS (60) in all
	FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/fuzz.sh $(FUZZERS) $(FUZZ_JS)
FUZZER := $(NATIVE) -fsanitize=fuzzer
$(eval $(call native_rules,fuzz,fuzz,FUZZER))

golden: environment ## makes tests/golden anew with the Python networks
	$(PYTHON) -m training.ship.golden

FORMATTED := $(SOURCES) $(wildcard src/*.h tests/*.[ch]) wasm/bindings.c training/data/product.c
# An empty file for each C source without warnings, like those of `make analyze`.
build/lint/%.ok: %.c $(wildcard src/*.h tests/*.h) Makefile
	mkdir -p $(@D)
	$(LLVM)/clang $(CFLAGS) -Werror -fsyntax-only $<
	touch $@
build/lint/wasm/bindings.ok build/lint/tests/bench.ok: build/lint/%.ok: %.c $(wildcard src/*.h tests/*.h) Makefile
	mkdir -p $(@D)
	emcc $(FLAGS_simd) $(CFLAGS) -Werror -fsyntax-only $<
	touch $@

WARNED := $(patsubst %.c,build/lint/%.ok,$(SOURCES) $(wildcard tests/*.c) wasm/bindings.c)
lint: tools environment $(WARNED) ## import order, warnings as errors, style (clang-format, Biome, ruff)
	sh tests/check_layers.sh
	node tests/check_imports.mjs
	$(PYTHON) -m training.tests.test_layers
	$(LLVM)/clang-format --dry-run -Werror $(FORMATTED)
	node_modules/.bin/biome check --error-on-warnings
	$(PYTHON) -m ruff check --quiet
	$(PYTHON) -m ruff format --check --quiet
	! LC_ALL=C.UTF-8 grep -nE '^.{101}' $(FORMATTED) */*.sh $(filter-out js/languages/%,$(wildcard js/*/*.*js)) web/*.*js web/*/*.js tests/*.mjs tests/*/*.*js

format: tools environment ## applies that style
	$(LLVM)/clang-format -i $(FORMATTED)
	node_modules/.bin/biome check --write
	$(PYTHON) -m ruff check --fix --quiet
	$(PYTHON) -m ruff format --quiet

.PHONY: all run help clean distclean test check debug native environment tools demo server honest reproduce analyze coverage site bundlers bench peers product fuzz golden lint format
