"""Whether the documents answer at all: signals of the evidence, and the calibration that weighs them."""
