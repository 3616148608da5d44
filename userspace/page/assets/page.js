// The live page: asks the exporter that it came from.
