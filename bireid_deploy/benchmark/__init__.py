"""Latency, memory and load time, measured with one engine per process."""
