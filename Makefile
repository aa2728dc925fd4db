# Everything from a bare machine: Python 3.11+, make and a package index are all that is assumed.
PY := .venv/bin/python
SHELL := /bin/sh
.PHONY: setup setup-dev demo ui test test-slow golden bench lint check
.DEFAULT_GOAL := demo

setup:                  ## virtual environment with exact versions, kernels compiled
	@.ci/setup ""

setup-dev:              ## the same with test tools
	@.ci/setup "[dev]"

demo: setup             ## the whole graph on bundled real prices; prints where the report is
	@.venv/bin/hfp demo

ui: setup               ## Dagster UI and daemon on http://127.0.0.1:3000
	@.venv/bin/hfp ui

test: setup-dev         ## fast suite
	@$(PY) -m pytest -m "not slow" -n 2 --dist loadfile --no-loadscope-reorder

test-slow: setup-dev    ## everything, minutes to hours
	@$(PY) -m pytest

golden: setup-dev       ## digits of agreement with published values; fails below what each source gives
	@$(PY) -m pytest tests/golden -q --digits

bench: setup-dev        ## peers and us, side by side
	@.venv/bin/hfp bench garch && .venv/bin/hfp bench forecast

lint: setup-dev         ## style, types, layering
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports
	@.venv/bin/pyright

check: lint test        ## what CI runs
