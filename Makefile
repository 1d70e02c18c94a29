# `make` prints this list. Everything is installed into .venv, .uv and web/node_modules; the data lies elsewhere and is never touched here.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup setup-run run test test-qgis test-dwg test-fuzz test-feeds test-control check bench bench-full bless pictures web clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## install everything that is missing: system packages where root, Python and npm packages, the browser part
	@.ci/setup test

setup-run:
	@.ci/setup run

run: setup-run  ## install what running needs, load the demo city, serve http://127.0.0.1:8000/
	@.venv/bin/quanjing serve --city

test: setup  ## all tests, on a real PostGIS and a real headless Chromium
	@.ci/node npm --prefix web test
	@.venv/bin/python -m pytest -n 2 --dist worksteal

test-qgis: setup  ## the layer styles in a real QGIS, installed where it is missing
	@.ci/setup qgis
	@.venv/bin/python -m pytest -m qgis tests/qgis

test-dwg: setup  ## a DWG read by way of a converter, which is installed into .dwg and is no part of quanjing
	@.ci/setup dwg
	@QUANJING_DWG_CONVERTER=$(CURDIR)/.dwg .venv/bin/python -m pytest -m dwg tests/drawings/test_dwg.py

test-fuzz: setup  ## Schemathesis over the map server's definition, and 10 000 probes each of who sees what in tiles, in pages and by guessing
	@.venv/bin/python -m pytest -m fuzz tests/fuzz
	@QUANJING_PROBES=10000 .venv/bin/python -m pytest tests/gis/test_policies.py tests/api/test_guessing.py

test-feeds: setup  ## the feeds under what is stated: 10 minutes without database under 1 000 loggers, 10 000 connections, 1 000 000 fuzzed packets
	@.uv/bin/uv pip install -q --python .venv atheris
	@QUANJING_UNPLUGGED=1000x600 QUANJING_HALF_OPEN=10000 .venv/bin/python -m pytest -n 0 --timeout 1800 tests/feeds/test_adversity.py
	@PYTHONPATH=.:tests .venv/bin/python tests/feeds/fuzz_hj212.py -runs=1000000 -max_len=2048 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0

test-control: setup  ## the abstract tests of the OGC standards against tipg, whose faults are known: is the suite blunt?
	@.venv/bin/python -m pytest -m control tests/conformance/test_control.py

check: setup  ## format, lint, types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.ci/node npm --prefix web run check

bench: setup  ## measure; writes bench/RESULTS.md
	@.venv/bin/python bench/run.py

bench-full: setup  ## means and statistics over 100 million readings; a 3D layer of a million buildings
	@QUANJING_BENCH_READINGS=100000000 .venv/bin/python bench/run.py means
	@QUANJING_BENCH_LAYER=1000000 .venv/bin/python bench/run.py layer

pictures: setup  ## the documents' pictures of the pages, anew, of the city that `make run` serves (another: FROM=URL)
	@.venv/bin/python docs/pictures.py

bless: setup  ## write the examples and golden files anew
	@.venv/bin/quanjing drawing example data/examples
	@.venv/bin/quanjing drawing norm --out docs/norm.zh.md
	@.venv/bin/quanjing rule basis --out docs/basis.zh.md
	@.venv/bin/quanjing style schema >/dev/null
	@[ ! -d ../shared/data/dxf ] || .venv/bin/quanjing drawing accounts ../shared/data/dxf --mappings data/examples --out docs/dxf-accounts.md

web: setup-run

clean:  ## remove what was built; installed packages and data stay
	rm -rf web/dist web/src/generated .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -not -path './.uv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
