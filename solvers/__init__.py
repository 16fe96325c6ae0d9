"""The mathematics: arrays in, arrays out. No files, no frames, no clock of the outside world."""
