# Footnote: each target sets up what it needs; second runs start in seconds.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INDEX ?= footnote-index
PORT ?= 7860
PEERS := .venv-peers
SCALE := .venv-scale
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test scale check eval bench peers docs pictures lock clean

help:  ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.installed  ## Set up, fetch the weights, index samples/ and serve the chat page
	@$(BIN)/footnote models fetch
	@$(BIN)/footnote index samples --index $(INDEX)
	@$(BIN)/footnote serve --index $(INDEX) --port $(PORT)

test: check $(VENV)/.browser  ## Set up, check style and types, and run every test
	@$(BIN)/footnote models fetch
	@$(BIN)/footnote models fetch smollm2-135m
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python -m pytest --ignore tests/scale

# Ray reads its environment once in a process, so its tests have one of their own.
scale: $(SCALE)/.installed  ## Set up the optional engines (Milvus, Ray, Redis) and run their tests
	@command -v redis-server >/dev/null || echo "redis-server is not installed: the tests that need it are skipped."
	@$(SCALE)/bin/python -m pytest tests/scale --ignore tests/scale/test_distributed.py
	@$(SCALE)/bin/python -m pytest tests/scale/test_distributed.py

check: $(VENV)/.installed  ## Style and types only
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

eval: $(VENV)/.installed  ## Ask the sample questions, measure the answers and write report.html
	@$(BIN)/footnote models fetch
	@$(BIN)/footnote index samples --index $(INDEX)
	@$(BIN)/footnote eval run eval/samples/questions.yaml --index $(INDEX) --report report.html

bench: $(VENV)/.installed  ## Measure speed, memory and answers on this machine (DATA=folder for the larger set)
	@$(BIN)/python -m benchmarks.answering $(if $(DATA),--data $(DATA))

peers: $(VENV)/.installed $(PEERS)/.installed  ## Measure other systems beside Footnote (DATA=folder in BEIR form, such as scifact)
	@test -n "$(DATA)" || { echo "Name a question set in BEIR form: make peers DATA=FOLDER/scifact"; exit 1; }
	@$(BIN)/footnote models fetch
	@$(BIN)/footnote models fetch bge-small-en-v1.5
	@$(BIN)/python -m benchmarks.peers --data $(DATA) --python $(PEERS)/bin/python

docs: $(VENV)/.installed $(VENV)/.browser  ## Make the generated parts of the documentation again
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/screenshots.py

pictures: $(VENV)/.installed $(VENV)/.browser  ## Take the pictures of the widget again
	@$(BIN)/footnote models fetch
	@$(BIN)/python docs/widget_pictures.py --index $(INDEX)

lock: $(VENV)/.installed  ## Write requirements.lock from the current environment
	@$(BIN)/python docs/lock.py

clean:  ## Remove the environment and the sample index (the weights stay in the cache)
	rm -rf $(VENV) $(PEERS) $(SCALE) $(INDEX)

$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Footnote needs $(PYTHON); name another with make PYTHON=..."; exit 1; }
	@echo "Setting up the environment in $(VENV) (a few minutes the first time) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

# The optional engines live beside $(VENV), whose packages are seen from there, so that no other test meets them.
$(SCALE)/.installed: requirements-scale.lock $(VENV)/.installed
	@echo "Setting up the optional engines in $(SCALE) ..."
	@$(BIN)/python -m venv $(SCALE)
	@$(BIN)/python -c "import sysconfig as s; print('import site; site.addsitedir(%r)' % s.get_path('purelib'))" \
		> "$$($(SCALE)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/beside.pth"
	@$(SCALE)/bin/python -m pip install --quiet --requirement requirements-scale.lock
	@touch $@

$(PEERS)/.installed: benchmarks/peers/requirements.lock
	@echo "Setting up the other systems in $(PEERS) (a few minutes the first time) ..."
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --requirement benchmarks/peers/requirements.lock
	@touch $@

$(VENV)/.browser: $(VENV)/.installed
	@sh tests/install_browser.sh
	@touch $@
