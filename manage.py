#!/usr/bin/env python
"""Django's command line. Beside a running `make up` it finds that stack by itself."""

import os
import sys

from django.core.management import execute_from_command_line

from config.env import load_stack_environment


def main() -> None:
    """Runs the command of the command line."""
    load_stack_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
