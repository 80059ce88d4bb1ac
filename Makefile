# Every target makes what it needs: on a fresh machine `make report` or `make test` is all to type.
# Paths are relative throughout, so that the folder's own path may hold spaces, and programs are called as modules,
# so that it may move: the scripts of a virtual environment name the Python that it was made with.

PYTHON ?= python3
CORES ?= all
BIN := .venv/bin
# -P: what lies in this folder is none of its modules.
RUN := $(BIN)/python -P -m
# First the lock of a call that was killed goes, unless another call is at work.
SNAKEMAKE := $(BIN)/python workflow/drop_stale_lock.py && $(RUN) snakemake --cores $(CORES)
# Each job says itself what it does and how far it is; Snakemake's listings of inputs are for -p.
QUIET := --quiet rules host

# What a caller's variables tell Python (PYTHONPATH, PYTHONSAFEPATH, ...) is about other work.
unexport $(filter PYTHON%,$(.VARIABLES))
# Snakemake keeps copies of sources there, uv its downloads: a place for them where HOME has none.
ifeq ($(shell cache="$${XDG_CACHE_HOME:-$${HOME:-/dev/null}/.cache}"; mkdir -p "$$cache" 2>/dev/null && test -w "$$cache" && echo yes),)
export XDG_CACHE_HOME := $(CURDIR)/.venv/cache
endif
# Only what a call says itself: a machine may have a NAME of its own.
$(foreach name,IMAGES NAME,$(if $(filter-out command line,$(origin $(name))),$(eval override $(name) :=)))
# A shell reads them from there, whatever letters a path has.
export IMAGES MINUTES NAME

.DEFAULT_GOAL := help
.PHONY: help report report-partial study test bench gpu-evidence gpu-import containers lint format lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

report: .venv/.pango ## the demo study; IMAGES=FOLDER [MINUTES=5] [NAME=...]: which classifier for your own images
	@if [ -n "$$IMAGES" ]; then \
		images=$$($(BIN)/python -c 'import json, os; print(json.dumps(os.environ["IMAGES"], ensure_ascii=False))'); \
		file=config/images.yaml; \
		asked="{\"images\": $$images$${MINUTES:+, \"minutes\": \"$$MINUTES\"}$${NAME:+, \"name\": \"$$NAME\"}}"; \
		set -- --config "images=$$images" $${MINUTES:+"minutes=$$MINUTES"} $${NAME:+"name=$$NAME"}; \
	else file=config/demo.yaml asked={}; set --; fi; \
	$(SNAKEMAKE) $(QUIET) --configfile $$file "$$@" || exit; \
	folder=$$($(BIN)/python workflow/scripts/plan_study.py --configfile $$file --config "$$asked" --report-folder); \
	printf '\nThe report is ready:\n  %s\n  %s\n' \
		"$(CURDIR)/$$folder/report.html" "$(CURDIR)/$$folder/report.pdf"

report-partial: .venv/.pango ## a report over the cells that are there; trains nothing (CONFIG=... for another study)
	@test -z "$(CONFIG)" || test -f "$(CONFIG)" || { echo "$(CONFIG): no such file; name the study's with CONFIG=..."; exit 1; }
	@$(SNAKEMAKE) $(QUIET) $(if $(CONFIG),--configfile $(CONFIG)) --config partial=True

study: .venv/.pango ## the published study: hours on a CPU, minutes to an hour on a GPU
	@$(SNAKEMAKE) $(QUIET)

# The longest first, so that no core waits for them at the end: of overlapping folders pytest makes an order of its own.
TESTS := tests/workflow $(filter-out tests/workflow tests/__pycache__,$(patsubst %/,%,$(wildcard tests/*/)))

test: .venv/.pango lint ## lint and all tests that this machine can run
	@$(RUN) pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder $(TESTS)

lint: .venv/.dev ## style, types, the workflow's own lint
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(RUN) snakefmt --check Snakefile workflow/Snakefile workflow/rules
	@$(RUN) snakemake --lint

bench: .venv/.bench .venv/.pretrained ## the claims of speed, measured on this machine: an hour or two
	@for program in $(filter-out benchmarks/on_gpu.py,$(wildcard benchmarks/*.py)); do \
		PYTHONPATH=workflow/scripts:tests $(BIN)/python $$program || exit 1; done

# The kit carries pytest along.
gpu-evidence: .venv/.dev ## packs gpu-kit/ for a machine with a GPU, and runs it where one is visible (docs/gpu.md)
	@PYTHONPATH=workflow/scripts $(BIN)/python benchmarks/on_gpu.py pack $(if $(EARLIER),--earlier $(EARLIER))
	@if $(BIN)/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		$(BIN)/python benchmarks/on_gpu.py run $(if $(MINUTES),--minutes $(MINUTES)); fi

gpu-import: .venv/.pango ## lays out what was brought home and renders its reports (FILES="gpu-evidence/*")
	@test -n "$(FILES)" || { echo 'Name what was brought home: make gpu-import FILES="gpu-evidence/*"'; exit 1; }
	@$(BIN)/python benchmarks/on_gpu.py import $(FILES)

containers: containers/cpu.sif containers/cuda.sif ## both Apptainer images (BUILD_ARGS=... for another base or torch index)

format: .venv/.dev ## let the formatters rewrite the code
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .
	@$(RUN) snakefmt Snakefile workflow/Snakefile workflow/rules

lock: .venv/.dev ## write new pins from envs/*.in
	$(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --no-emit-index-url \
		--no-header envs/workflow.in envs/bakeoff.in envs/dev.in envs/bench.in envs/pretrained.in \
		-o envs/lock.txt
	$(BIN)/python envs/conda_from_lock.py

clean: ## delete results, data and logs; the environment stays
	rm -rf results resources logs .snakemake

# A target installs the groups of packages that it needs, all in the lock's versions.
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --constraints envs/lock.txt

# torch and torchvision must come from one index; uv takes a matching pair, and takes seconds.
.venv/.complete: envs/lock.txt envs/workflow.in envs/bakeoff.in
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Bakeoff needs Python 3.11 or newer; name one with make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh envs/system_package.sh python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		"$$(grep '^uv==' envs/lock.txt)"
	@$(INSTALL) --requirements envs/workflow.in --requirements envs/bakeoff.in
	@touch $@

# Its Python finds the package from anywhere; the path is relative, since the folder may move. Of two checkouts, a
# script takes the one that it lies in.
.venv/.importable: .venv/.complete
	@$(BIN)/python -c 'import sysconfig; \
		print("../../../../workflow/scripts", file=open(sysconfig.get_path("purelib") + "/bakeoff.pth", "w"))'
	@touch $@

.venv/.dev: .venv/.importable envs/dev.in
	@echo "Installing what lint and tests need into .venv ..."
	@$(INSTALL) --requirements envs/dev.in
	@touch $@

.venv/.bench: .venv/.dev envs/bench.in
	@echo "Installing what is measured beside it into .venv ..."
	@$(INSTALL) --requirements envs/bench.in
	@touch $@

.venv/.pretrained: .venv/.dev envs/pretrained.in
	@echo "Installing pretrained weights and timm into .venv ..."
	@$(INSTALL) --requirements envs/pretrained.in
	@touch $@

# The PDF needs Pango, a system library: better missed now than after the training.
.venv/.pango: .venv/.importable
	@$(BIN)/python -c 'import weasyprint' >/dev/null 2>&1 || \
		sh envs/system_package.sh libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0
	@$(BIN)/python -c 'import weasyprint'
	@touch $@

# zstd in place of the default gzip, which keeps one core busy for long on an image of this size.
containers/%.sif: containers/%.def containers/build.sh containers/check.py envs/lock.txt envs/bakeoff.in
	@sh containers/preflight.sh
	apptainer build --fakeroot --force --mksquashfs-args "-comp zstd -Xcompression-level 3" $(BUILD_ARGS) $@ $<
	@sha256sum $@ > $@.sha256
