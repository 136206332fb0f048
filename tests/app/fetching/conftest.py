"""What recordings are fetched from: a real server, told what to answer."""

from tests.doubles.edge_fixtures import plivo as plivo
from tests.doubles.edge_fixtures import source as source
