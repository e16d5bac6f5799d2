PYTHON ?= python3
VERBS := setup report reports test lint bench docs

.PHONY: $(VERBS)
$(VERBS):
	@$(PYTHON) -m tasks $@
