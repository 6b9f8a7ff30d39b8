"""What a training script needs beside the network: data."""

from . import data as data
