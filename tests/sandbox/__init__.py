"""One process that stands for AWS: test equipment, strict rather than lenient."""
