"""The rooms of the scripted fault server (fault_s3.py)."""
