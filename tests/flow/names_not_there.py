"""Whoever names what is not there is told so, once, with what may be meant, by each command and with exit code 1; and a topic, group
or service is named NAME or kind/NAME everywhere.
"""
from harness import *

YAML = """
bridge:
  name: shop
plugins: { durable: {} }
endpoints:
  in: { bind: "${IN}" }
  clients: { bind: "${CLIENTS}" }
  workers: { bind: "${WORKERS}" }
topics:
  orders: {}
groups:
  logistics: { topic: orders, start: earliest }
services:
  accounts: { clients: clients, workers: workers }
routes:
  - { from: in, to: topic/orders }
"""

# What each says of a name that is nearly one; the arguments behind the name.
OF_TOPICS = [("topic show",), ("topic browse",), ("topic query", "--key", "k"), ("topic set", "keep=all"), ("topic purge", "--yes"),
             ("topic rm", "--yes"), ("delay ls",), ("tx ls",)]
OF_GROUPS = [("group show",), ("group pending",), ("group reset", "--to", "latest", "--yes"), ("group pause",), ("group resume",),
             ("group rm", "--yes"), ("dead ls",), ("dead show", "0"), ("dead redrive",), ("dead redrive", "--where", "a = 1"), ("dead edit", "0", "--body", "/dev/null"),
             ("dead rm", "--all", "--yes"), ("dead export", "-"), ("get",)]
OF_SERVICES = [("service show",), ("service pause",), ("service resume",), ("call", "how much?"), ("bench rpc", "--messages", "1")]


class Shop:
    def __init__(self, bridge):
        self.bridge = bridge

    def ask(self, words, *arguments):
        return self.bridge.command(*words.split(), *arguments, "--at", self.bridge.data_dir)

    def knows_none(self, kind, wrong, right, rows):
        sentence = f'there is no {kind} `{wrong}`; did you mean "{right}"?'
        for words, *rest in rows:
            for name in (wrong, f"{kind}/{wrong}"):
                answer = self.ask(words, name, *rest)
                equal((answer.returncode, answer.stdout), (1, ""), f"{words} {name}: {answer.stderr}")
                equal(answer.stderr.count(sentence), 1, f"{words} {name} says it, once: {answer.stderr}")
                check(answer.stderr.count("\n") == 1, f"and nothing else: {answer.stderr}")

    def takes(self, words, name, *rest):
        answer = self.ask(words, name, *rest)
        equal(answer.returncode, 0, f"{words} {name}: {answer.stderr}")

    def refuses(self, words, name, *rest, code=2, says):
        answer = self.ask(words, name, *rest)
        equal((answer.returncode, answer.stdout), (code, ""), f"{words} {name}: {answer.stderr}")
        for each in says:
            check(each in answer.stderr, f"{words} {name} says {each}: {answer.stderr}")


def main(flow):
    shop = Shop(flow.bridge(YAML))
    shop.knows_none("topic", "ordres", "orders", OF_TOPICS)
    shop.knows_none("group", "logistic", "logistics", OF_GROUPS)
    shop.knows_none("service", "acounts", "accounts", OF_SERVICES)
    shop.knows_none("endpoint", "clinets", "clients", [("peer ls",)])

    shop.takes("topic show", "topic/orders")
    shop.takes("tx ls", "topic/orders")
    shop.takes("dead ls", "group/logistics")
    shop.takes("service show", "service/accounts")
    shop.takes("peer ls", "endpoint/in")
    shop.takes("pub", "topic/orders", "--body", "one")
    shop.takes("get", "group/logistics", "--wait", "10s")
    shop.refuses("topic show", "group/logistics", says=["names no topic: expected NAME or topic/NAME"])

    # A word alone is an endpoint, as in routes: what is published to is said.
    shop.refuses("pub", "orders", "--body", "x", says=['"orders" names no topic', 'did you mean "topic/orders"?', "there are topic/orders\n"])
    shop.refuses("pub", "in", "--body", "x", says=['"in" is an endpoint', "there are topic/orders\n"])
    shop.refuses("pub", "topic/ordres", "--body", "x", code=1, says=['there is no topic `ordres`; did you mean "orders"?'])
    shop.refuses("bench pub", "topic/ordres", "--messages", "1", code=1, says=['there is no topic `ordres`; did you mean "orders"?'])
    shop.refuses("bench pub", "orders", "--messages", "1", code=1, says=['there is no endpoint `orders`; did you mean "topic/orders"?'])
    shop.refuses("tap", "logistics", code=1, says=['nothing here is named "logistics"; did you mean "group/logistics"?'])
    shop.refuses("bench sub", "group/logistic", "--wait", "1s", code=1, says=['there is no group `logistic`; did you mean "logistics"?'])


if __name__ == "__main__":
    run(main)
