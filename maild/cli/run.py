"""`maild run`: the daemon, in the foreground."""

import typer


def run(ctx: typer.Context) -> None:
    """Run the desk until it is told to stop (SIGTERM, Ctrl-C); SIGHUP reloads."""
    from maild.app import App, build
    from maild.cli.context import config_path
    from maild.config import load
    from maild.config.inspection import load_tried
    from maild.daemon import Daemon
    from maild.elsewhere import elsewhere
    from maild.errors import ConfigError
    from maild.listeners import Listeners
    from maild.logs import set_up
    from maild.sla import holidays
    from maild.trial import golden_reader
    from maild.wiring.disk import lock_path

    holidays.look_up = elsewhere(holidays.look_up)
    path = config_path(ctx)
    settings = load(path)
    set_up(ctx.obj["log_level"] or settings.log.level, settings.log.format)
    listeners = Listeners()
    lock = lock_path(settings)

    def parts() -> App:
        with golden_reader() as read:
            fresh = load_tried(path, read=read)
        if lock_path(fresh) != lock:
            raise ConfigError("[store] url: another store needs a restart of maild")
        return build(fresh, listeners=listeners)

    try:
        status = Daemon(parts, path, lock, listeners).run()
    except OSError as error:  # no fault of who started it: systemd shall do so again
        raise RuntimeError("the daemon can't go on") from error
    raise typer.Exit(status)
