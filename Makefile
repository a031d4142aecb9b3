# Each target makes .venv by itself and can be run again; see also .ci/run.

.PHONY: help demo test test-long test-distributed lint bench docs

# The first Python on the path that is new enough; `make PYTHON=/somewhere/python3` takes another.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,\
	$(shell $(p) -c 'import sys; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
BIN := .venv/bin
READY := .venv/ready
SKETCHRNN := $(BIN)/sketchrnn

# The two builds of TensorFlow overwrite each other's files, so exactly one of them is installed.
FRAMEWORK := $(shell nvidia-smi -L >/dev/null 2>&1 && echo gpu || echo cpu)
EXTRAS := $(FRAMEWORK),jax,kanjivg,images,font,video,hub,onnx,beam,sweep,serve,tensorboard,test

# Two processes, though each imports Keras to collect: the tests of the second backend are a long
# process of their own, which must not begin last, as xdist would have a file of one test.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder

export TF_CPP_MIN_LOG_LEVEL ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

help:
	@echo 'make demo       KanjiVG -> a short training -> a page of invented kanji, in out/'
	@echo 'make test       ruff, mypy and the tests'
	@echo 'make test-long  the tests that take minutes'
	@echo 'make test-distributed  those in which several processes train together'
	@echo 'make lint       ruff and mypy alone'
	@echo 'make bench      the measurements of benchmarks/'
	@echo "make docs       docs/reference.md, from the commands' help"

$(READY): pyproject.toml
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>&- || { \
		echo 'sketchrnn needs Python 3.11 or newer: install it, or say where it is with make PYTHON=/path/to/python3' >&2; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv || { \
		echo 'Python has no venv module: on Debian and Ubuntu, apt install python3-venv' >&2; exit 2; }
	@echo 'Installing into .venv ($(FRAMEWORK) build of TensorFlow); this takes a minute or two …'
	@$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@$(BIN)/python -c 'from sketchrnn.cli.doctor import find_libcairo as find; \
		print(*(f"libcairo: {hint}" for hint in [find().hint] if hint), end="")'
	@touch $@

# Replaces what an earlier demo left in out/, and nothing else there.
demo: $(READY)
	@rm -rf out/kanji.h5 out/run $(addprefix out/,first-attempts.svg kanji.svg kanji.png interpolation.svg)
	@echo '== 1/4  KanjiVG becomes a data file'
	$(SKETCHRNN) data convert kanjivg -o out/kanji.h5
	@echo '== 2/4  a small model learns for two minutes; watch out/run/samples'
	$(SKETCHRNN) train out/kanji.h5 -o out/run --preset small --minutes 2
	$(SKETCHRNN) generate out/run -n 64 -t 0.4 --seed 7 -o out/first-attempts.svg
	@echo '== 3/4  the model that comes with sketchrnn draws characters that do not exist'
	$(SKETCHRNN) generate kanji -n 64 -t 0.4 --seed 7 -o out/kanji.svg
	$(SKETCHRNN) generate kanji -n 64 -t 0.4 --seed 7 -o out/kanji.png
	@echo '== 4/4  and goes from one to another'
	$(SKETCHRNN) interpolate kanji kanjivg:林 kanjivg:銀 --frames 10 --seed 7 -o out/interpolation.svg
	@echo
	@echo 'Open these:'
	@echo '  out/kanji.svg           64 invented kanji (the same as out/kanji.png)'
	@echo '  out/interpolation.svg   from a grove to silver in ten steps'
	@echo '  out/first-attempts.svg  what two minutes of training can draw'

test: lint
	$(PYTEST)

test-long: $(READY)
	$(PYTEST) -m long

# One after the other: each starts processes of its own.
test-distributed: $(READY)
	$(BIN)/python -m pytest -q -m 'long or not long' tests/training/test_distributed.py

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	@for script in $(filter-out benchmarks/rivals.py,$(wildcard benchmarks/*.py)); do \
		echo "== $$script"; $(BIN)/python "$$script" || exit; \
	done

docs: $(READY)
	$(BIN)/python docs/write_reference.py
	$(BIN)/python docs/write_mistakes.py
