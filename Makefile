PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAYSO := $(BIN)/sayso

.PHONY: demo test lint clean

$(VENV)/runtime: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/complete: $(VENV)/runtime
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable '.[train,data,ray,openvino,test,dev]'
	touch $@

demo: $(VENV)/runtime
	mkdir -p demo
	$(SAYSO) score data/sample/articles.jsonl --out demo/records.jsonl --table --overwrite
	$(SAYSO) report data/sample/articles.jsonl --out demo/pages --overwrite
	@echo "records: demo/records.jsonl   pages: demo/pages/*.html"

test: $(VENV)/complete
	$(BIN)/python -m pytest

lint: $(VENV)/complete
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) demo
