"""Train, evaluate, export and track sayso models; everything here may import torch."""
