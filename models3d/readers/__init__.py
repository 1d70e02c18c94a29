"""Readers of 3D models, one format a file; each makes a `gis.models.body.Model` of a file's bytes."""
