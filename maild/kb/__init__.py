"""The knowledge base: articles in files, searched and suggested."""
