# Two commands matter: `make demo` and `make test`. Both make .venv first; a second call finds it
# ready and installs nothing.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# What builds without $(VENV): pip, pytest to check a wheel, and CMake where the system's is missing
# or too old.
TOOLS := build/tools
OLDEST_CMAKE := $(shell sed -n 's/^cmake_minimum_required(VERSION \(.*\))/\1/p' runtime/CMakeLists.txt)
SYSTEM_CMAKE := $(shell printf '%s\n' $(OLDEST_CMAKE) \
  "$$(cmake --version 2>/dev/null | sed -n '1s/[^0-9]*//p')" | sort -CV && command -v cmake)
CMAKE := $(or $(SYSTEM_CMAKE),$(TOOLS)/bin/cmake)
CTEST := $(dir $(CMAKE))ctest
# `make install` installs into the Python environment that is active.
ACTIVE_PYTHON ?= python3
EXTRAS ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check
TOOLS_PIP := $(TOOLS)/bin/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet -c constraints.txt
CORES := $(shell getconf _NPROCESSORS_ONLN)
NATIVE := runtime/CMakeLists.txt $(shell find runtime/native -type f)
NATIVE_CODE := $(filter-out %_generated.h runtime/native/third_party/%,$(filter %.h %.hpp %.c %.cc,$(NATIVE))) \
  $(wildcard studies/*.h studies/*.cc studies/*/*.cc)
NATIVE_LIBRARY := $(filter-out $(addprefix runtime/native/,tests/% examples/% programs/% streams/% watching/% web/%),$(NATIVE))
FUZZ_SECONDS ?= 30
# One more worker than cores, for many tests wait for processes, servers and devices. The tests of a
# folder stay in one process, and long folders start first (tests/conftest.py): how
# many tests one has says nothing about how long they take.
PYTEST := $(BIN)/pytest --numprocesses $(shell expr $(CORES) + 1) --maxprocesses 4 --dist loadscope --no-loadscope-reorder

# CMake's own make is told its number of jobs.
unexport MAKEFLAGS

.PHONY: help demo who test test-fast native-test fuzz fuzz-readers lint format install wheel wheel-aarch64 \
  wheel-deploy native-libraries bireid-embed bireid-embed-aarch64 bench bench-kernels \
  results clean wasm wheel-armv7 bireid-embed-armv7

help:
	@echo "make demo                 render synthetic people, train, convert, verify, evaluate; ends with a table"
	@echo "make who                  render a scene of two cameras and say who is who; ends with a page"
	@echo "make test                 the whole test suite: C++ (plain and under sanitizers), wheels, Python"
	@echo "make test-fast            the Python tests, without the slow ones"
	@echo "make native-test          the C++ tests alone"
	@echo "make fuzz                 every fuzz target for FUZZ_SECONDS, now $(FUZZ_SECONDS) (needs clang)"
	@echo "make fuzz-readers         hostile files for all that Python reads, FUZZ_SECONDS / 4 each"
	@echo "make lint                 ruff, import-linter, mypy, clang-format"
	@echo "make format               format Python and C++"
	@echo "make install              install both packages into the active Python environment; EXTRAS=train"
	@echo "make wheel                dist/: bireid-runtime for this machine's kind of CPU, glibc 2.17 or later"
	@echo "make wheel-aarch64        dist/: the same for 64-bit ARM (needs g++-aarch64-linux-gnu)"
	@echo "make wheel-armv7          dist/: the same for 32-bit ARM (needs g++-arm-linux-gnueabihf)"
	@echo "make wheel-deploy         dist/: bireid-deploy, without any native code"
	@echo "make native-libraries     dist/native/: headers, libbireid.so and libbireid.a, for CMake and pkg-config"
	@echo "make bireid-embed         dist/: the program without Python, one static file for this kind of CPU"
	@echo "make bireid-embed-aarch64 dist/: the same for 64-bit ARM (needs g++-aarch64-linux-gnu)"
	@echo "make bireid-embed-armv7   dist/: the same for 32-bit ARM (needs g++-arm-linux-gnueabihf)"
	@echo "make wasm                 dist/npm/: the package bireid for browsers and Node (needs emscripten)"
	@echo "make bench                training-speed benchmark (several minutes)"
	@echo "make bench-kernels        print the speed of the native kernels, layer by layer (a minute)"
	@echo "make results              write docs/results.md from what the runs left"
	@echo "make clean                remove .venv, what was built and what the demo wrote"

define require_python
$(1) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' || \
  { echo "Python 3.11 or 3.12 is needed; found '$(1)'. Set PYTHON=/path/to/python3.11"; exit 1; }
endef
define require_compiler
command -v $${CXX:-c++} >/dev/null || \
  { echo "A C++17 compiler is needed (apt-get install g++), or set CXX=/path/to/one"; exit 1; }
endef

$(VENV)/.made:
	@$(call require_python,$(PYTHON))
	@echo "== making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed-runtime: $(VENV)/.made runtime/pyproject.toml constraints.txt $(NATIVE_LIBRARY)
	@$(call require_compiler)
	@echo "== building and installing bireid-runtime"
	@$(INSTALL) -e "./runtime[images,litert,onnx]" $(WHEEL_UNITS)
	@touch $@

$(VENV)/.installed: pyproject.toml constraints.txt $(VENV)/.made | $(VENV)/.installed-runtime
	@echo "== installing pinned dependencies (about 2.5 GB on disk, TensorFlow is most of it)"
	@$(INSTALL) -e ".[train]"
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "== installing the test extras"
	@$(INSTALL) -e ".[train,figures,coco,points,video,server,scale,serve,peers,vela,qonnx,test]"
	@touch $@

$(TOOLS)/.made: constraints.txt
	@$(call require_python,$(PYTHON))
	@echo "== making $(TOOLS) with $(PYTHON)"
	@rm -rf $(TOOLS)
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip --disable-pip-version-check install --quiet -c constraints.txt pytest \
	  $(if $(SYSTEM_CMAKE),,cmake)
	@touch $@

READY := $(VENV)/.installed $(VENV)/.installed-runtime
READY_TO_TEST := $(READY) $(VENV)/.installed-test

demo: $(READY)
	@echo "== bireid-deploy demo --out demo"
	@$(BIN)/bireid-deploy demo --out demo

# The zoo's network, and its detector where there is one. Only what is watched is made anew.
who: $(READY)
	@rm -rf who/watch who/who.gallery*
	@echo "== bireid-deploy who --out who"
	@$(BIN)/bireid-deploy who $(wildcard models/zoo/distilled_*) \
	  $(addprefix --detector ,$(firstword $(wildcard models/zoo/detector_*))) --out who

# A wheel and a program hold the same objects: those for one kind of CPU stand apart, so that what
# comes second finds them in ccache.
test: native-test native-libraries wheel wheel-aarch64 wheel-deploy bireid-embed-armv7 bireid-embed \
  bireid-embed-aarch64 wheel-armv7 $(READY_TO_TEST)
	@echo "== pytest"
	@$(PYTEST)

test-fast: $(READY_TO_TEST)
	@echo "== pytest, without the slow tests"
	@$(PYTEST) -m "not slow"

# Sources are compiled in few units, in a fraction of the time; who works on them may say UNITS=.
UNITS := -DBIREID_UNITS=ON
WHEEL_UNITS := $(patsubst -D%,--config-settings=cmake.define.%,$(UNITS))

# $(1): folder under build/; $(2): CMake options.
define configure_and_build
$(CMAKE) -S runtime -B build/$(1) $(UNITS) $(2) --log-level=NOTICE -Wno-deprecated
$(CMAKE) --build build/$(1) --parallel $(CORES)
endef
run_native_tests = $(CTEST) --test-dir build/$(1) --parallel $(CORES) --output-on-failure

# With clang one build serves the sanitized tests and the fuzz targets.
CLANG := $(and $(shell command -v clang),$(shell command -v clang++),$(wildcard \
  $(shell clang++ -print-resource-dir 2>/dev/null)/lib/*/libclang_rt.fuzzer*))
SANITIZE := -DBIREID_TESTS=ON -DBIREID_SANITIZE=ON \
  $(if $(CLANG),-DBIREID_FUZZ=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++)
SANITIZED := $(if $(CLANG),sanitize-clang,sanitize)
FUZZ_TARGETS := $(basename $(notdir $(wildcard runtime/native/tests/fuzz_*.cc)))

native-test: $(TOOLS)/.made
	@$(call require_compiler)
	@echo "== native tests"
	@$(call configure_and_build,native,-DBIREID_TESTS=ON)
	@$(call run_native_tests,native)
	@echo "== native tests under AddressSanitizer and UndefinedBehaviorSanitizer"
	@$(call configure_and_build,$(SANITIZED),$(SANITIZE))
	@BIREID_FEW_CASES=1 $(call run_native_tests,$(SANITIZED))

fuzz: $(TOOLS)/.made
ifeq ($(CLANG),)
	@echo "== no fuzzing: clang is missing (apt-get install clang libclang-rt-dev)"
else
	@$(call configure_and_build,$(SANITIZED),$(SANITIZE))
	@printf '%s\n' $(FUZZ_TARGETS) | xargs -P $(CORES) -I TARGET sh -c \
	  'echo "== fuzzing TARGET for $(FUZZ_SECONDS) s"; build/$(SANITIZED)/native/TARGET \
	    -max_total_time=$(FUZZ_SECONDS) -timeout=20 -print_final_stats=0 -verbosity=0 \
	    -artifact_prefix=build/$(SANITIZED)/ >build/$(SANITIZED)/TARGET.log 2>&1 || \
	    { cat build/$(SANITIZED)/TARGET.log; exit 1; }'
endif

# A quarter of FUZZ_SECONDS for each of what Python reads.
fuzz-readers: $(READY_TO_TEST)
	@echo "== fuzzing the readers in Python"
	@$(BIN)/python -W ignore tests/fuzz/fuzz_readers.py \
	  $(shell awk 'BEGIN { print $(FUZZ_SECONDS) / 4 }')

lint: $(READY_TO_TEST)
	@echo "== ruff check"
	@$(BIN)/ruff check .
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check .
	@echo "== import-linter"
	@$(BIN)/lint-imports
	@echo "== mypy"
	@$(BIN)/mypy
	@echo "== clang-format"
	@$(BIN)/clang-format --dry-run -Werror $(NATIVE_CODE)

format: $(READY_TO_TEST)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/clang-format -i $(NATIVE_CODE)

# $(1): architecture; $(2): more options of pip. The test holds the library against the tag's claim.
# ccache knows again what the programs were made of: by Make, in a folder beside theirs, since the paths
# within what is compiled are relative to it.
define build_wheel
@echo "== wheel for $(1)"
@rm -f dist/bireid_runtime-*_$(1).whl
@$(call require_compiler)
@CMAKE_GENERATOR="Unix Makefiles" CMAKE_BUILD_PARALLEL_LEVEL=$(CORES) \
  $(TOOLS_PIP) wheel --quiet --no-deps --wheel-dir dist ./runtime \
  --config-settings=wheel.tags=py3-none-manylinux_2_17_$(1) \
  --config-settings=build-dir=$(CURDIR)/build/wheel-$(1) $(WHEEL_UNITS) $(2)
@PYTHONPATH=tests $(TOOLS)/bin/pytest --quiet --config-file=/dev/null --rootdir=. --noconftest -p no:cacheprovider \
  tests/native/test_wheel.py -k $(1) || \
  { rm -f dist/bireid_runtime-*_$(1).whl; exit 1; }
@ls dist/bireid_runtime-*_$(1).whl
endef
AARCH64_TOOLCHAIN := $(CURDIR)/runtime/native/cmake/aarch64-linux-gnu.cmake
CROSS_BUILD := --config-settings=cmake.define.CMAKE_TOOLCHAIN_FILE=$(AARCH64_TOOLCHAIN)
# As `uname -m` calls it.
ARMV7 := armv7l
ARMV7_TOOLCHAIN := $(CURDIR)/runtime/native/cmake/arm-linux-gnueabihf.cmake

wheel: $(TOOLS)/.made
	$(call build_wheel,$(shell uname -m))

wheel-aarch64: $(TOOLS)/.made
ifeq ($(shell uname -m),aarch64)
	$(call build_wheel,aarch64)
else ifeq ($(shell command -v aarch64-linux-gnu-g++),)
	@echo "== no wheel for aarch64: the compiler is missing (apt-get install g++-aarch64-linux-gnu)"
else
	$(call build_wheel,aarch64,$(CROSS_BUILD))
endif

wheel-armv7: $(TOOLS)/.made
ifeq ($(shell uname -m),$(ARMV7))
	$(call build_wheel,$(ARMV7))
else ifeq ($(shell command -v arm-linux-gnueabihf-g++),)
	@echo "== no wheel for $(ARMV7): the compiler is missing (apt-get install g++-arm-linux-gnueabihf)"
else
	$(call build_wheel,$(ARMV7),--config-settings=cmake.define.CMAKE_TOOLCHAIN_FILE=$(ARMV7_TOOLCHAIN))
endif

wheel-deploy: $(TOOLS)/.made
	@echo "== wheel of bireid-deploy"
	@$(TOOLS_PIP) wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/bireid_deploy-*.whl

install:
	@$(call require_python,$(ACTIVE_PYTHON))
	@$(call require_compiler)
	@echo "== installing into $$($(ACTIVE_PYTHON) -c 'import sys; print(sys.prefix)')"
	@$(ACTIVE_PYTHON) -m pip --disable-pip-version-check install --quiet ./runtime ".$(EXTRAS:%=[%])"

native-libraries: $(TOOLS)/.made
	@$(call require_compiler)
	@echo "== native libraries"
	@$(call configure_and_build,release)
	@$(CMAKE) --install build/release --component development --prefix dist/native --strip

# $(1): architecture; $(2): CMake options.
define build_program
@echo "== bireid-embed for $(1)"
@$(call require_compiler)
@$(CMAKE) -S runtime -B build/static-$(1) -DBIREID_STATIC=ON $(UNITS) $(2) --log-level=NOTICE -Wno-deprecated
@$(CMAKE) --build build/static-$(1) --parallel $(CORES) --target bireid-embed
@mkdir -p dist
@cp build/static-$(1)/native/bireid-embed dist/bireid-embed-$(1)
@ls dist/bireid-embed-$(1)
endef

bireid-embed: $(TOOLS)/.made
	$(call build_program,$(shell uname -m))

bireid-embed-aarch64: $(TOOLS)/.made
ifeq ($(shell uname -m),aarch64)
	$(call build_program,aarch64)
else ifeq ($(shell command -v aarch64-linux-gnu-g++),)
	@echo "== no bireid-embed for aarch64: the compiler is missing (apt-get install g++-aarch64-linux-gnu)"
else
	$(call build_program,aarch64,-DCMAKE_TOOLCHAIN_FILE=$(AARCH64_TOOLCHAIN))
endif

bireid-embed-armv7: $(TOOLS)/.made
ifeq ($(shell uname -m),$(ARMV7))
	$(call build_program,$(ARMV7))
else ifeq ($(shell command -v arm-linux-gnueabihf-g++),)
	@echo "== no bireid-embed for $(ARMV7): the compiler is missing (apt-get install g++-arm-linux-gnueabihf)"
else
	$(call build_program,$(ARMV7),-DCMAKE_TOOLCHAIN_FILE=$(ARMV7_TOOLCHAIN))
endif

# Not for `make test`: the tests of the package build it.
wasm: $(TOOLS)/.made
ifeq ($(shell command -v em++),)
	@echo "== no package for browsers: Emscripten is missing (apt-get install emscripten)"
else
	@echo "== bireid.wasm"
	@$(CMAKE) -S runtime -B build/wasm -DCMAKE_TOOLCHAIN_FILE=$(CURDIR)/runtime/native/cmake/wasm.cmake \
	  --log-level=NOTICE -Wno-deprecated
	@$(CMAKE) --build build/wasm --parallel $(CORES) --target bireid_wasm
	@$(CMAKE) --install build/wasm --component web --prefix dist/npm >/dev/null
	@ls -l dist/npm/bireid.wasm
endif

bench: $(READY)
	@$(BIN)/python studies/training_speed.py
	@$(BIN)/python studies/augmentation_speed.py

bench-kernels: $(READY_TO_TEST)
	@$(BIN)/python studies/kernel_speed.py

results: $(READY_TO_TEST)
	@$(BIN)/python studies/results_page.py

clean:
	rm -rf $(VENV) build runtime/build demo who
