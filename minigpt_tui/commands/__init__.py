"""The commands of the command line, a file each. They import what they need when they run."""
