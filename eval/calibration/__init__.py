"""Calibration: how sure the evidence makes one that the documents answer, fitted and checked on question sets."""
