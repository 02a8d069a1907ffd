"""Two network namespaces of this machine with a cable between them that can be cut; it wants root and `ip netns`."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cable:
    """A pair of virtual network cards, one in each of two namespaces, with the addresses that they have."""

    near: str
    far: str
    near_address: str
    far_address: str

    def lay(self) -> None:
        """Make the namespaces, each with a loopback of its own, and what is between them."""
        for name in (self.near, self.far):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", self.near, "link", "add", "to-far", "type", "veth", "peer", "name", "to-near", "netns", self.far)
        ip("-n", self.near, "address", "add", f"{self.near_address}/24", "dev", "to-far")
        ip("-n", self.far, "address", "add", f"{self.far_address}/24", "dev", "to-near")
        ip("-n", self.near, "link", "set", "to-far", "up")
        self.mend()

    def cut(self) -> None:
        """Let nothing pass any more; who sends is not told."""
        ip("-n", self.far, "link", "set", "to-near", "down")

    def mend(self) -> None:
        """Let everything pass again."""
        ip("-n", self.far, "link", "set", "to-near", "up")

    def remove(self) -> None:
        """Remove both namespaces as far as they are there."""
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], check=False)


def ip(*words: str) -> None:
    """Run the command of that name."""
    subprocess.run(["ip", *words], check=True)


def within(name: str, *command: str) -> list[str]:
    """A command in a namespace."""
    return ["ip", "netns", "exec", name, *command]
