"""Runs the site and its worker together: what `make run` starts, and a small site's one unit."""

from __future__ import annotations

import os
import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from authsite.supervisor import Supervisor

BUSY = 75


class Command(BaseCommand):
    help = "Run the site (gunicorn) and its worker; one of them dying or being stopped is handled."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, help="port; without it that of SITE_URL, or 8000")
        parser.add_argument("--workers", type=int, help="processes; without it WEB_CONCURRENCY")
        parser.add_argument("--threads", type=int, help="threads of each process")
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date")
        parser.add_argument("--reload", action="store_true", help="restart on changed code")

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"] or self._usual_port()
        self._claim(options["host"], port)
        if options["migrate"]:
            self._prepare_database()
        connections.close_all()
        os.chdir(settings.BASE_DIR)
        os.environ["LOG_FORMAT"] = settings.LOG_FORMAT  # gunicorn's master reads no settings
        supervisor = Supervisor(
            self._web(port, options),
            [sys.executable, "manage.py", "auth_worker", "--with-parent"],
            label=settings.DEBUG,
            ready=self._welcome if settings.DEBUG else lambda: None,
        )
        sys.exit(supervisor.run())

    def _web(self, port: int, options: dict[str, Any]) -> list[str]:
        argv = [sys.executable, "-m", "gunicorn", "--config", "python:authsite.web"]
        argv += ["--bind", f"{options['host']}:{port}"]
        for name in ("workers", "threads"):
            if options[name]:
                argv += [f"--{name}", str(options[name])]
        return [*argv, "--reload"] if options["reload"] else argv

    def _usual_port(self) -> int:
        site = urlsplit(settings.SITE_URL)
        return (site.port if site.scheme == "http" else None) or 8000

    def _claim(self, host: str, port: int) -> None:
        """Say at once, and in words, that the port is taken: gunicorn would try for 5 s."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host.strip("[]"), port))
            except OSError as error:
                raise CommandError(
                    f"{host}:{port} cannot be listened on ({error.strerror}). Stop what uses it,"
                    f" or choose another port: make run PORT={port + 1}",
                    returncode=BUSY,
                ) from error

    def _prepare_database(self) -> None:
        if connection.vendor == "sqlite":
            folder = Path(connection.settings_dict["NAME"]).parent
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stderr.write("Bringing the database up to date")
            call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)

    def _welcome(self) -> None:
        python = Path(sys.executable)
        if python.is_relative_to(settings.BASE_DIR):
            python = python.relative_to(settings.BASE_DIR)
        self.stdout.write(
            f"\n  {settings.SITE_NAME} is up:       {settings.SITE_URL}/\n"
            f"  Letters it sends:      {settings.SITE_URL}/dev/mailbox/\n"
            f"  First administrator:   {python} manage.py createsuperuser\n"
            f"  Stop:                  Ctrl-C\n"
        )
        self.stdout.flush()
