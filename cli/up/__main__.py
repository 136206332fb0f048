"""`python -m cli.up`: `cli.up.examine_rules` as a process of its own, with a short start."""

from app.loading import loading

if __name__ == "__main__":
    with loading():
        from cli import process_edge
        from cli.up.examine_rules import examine
    process_edge.run(examine)
