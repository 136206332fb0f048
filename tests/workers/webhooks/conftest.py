"""The servers that calls and webhooks go to."""

from tests.doubles.edge_fixtures import crm as crm
from tests.doubles.edge_fixtures import plivo as plivo
