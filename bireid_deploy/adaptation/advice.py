"""What a person should know of an adaptation, a line each."""

from bireid_deploy.adaptation.cameras import Adapted
from bireid_deploy.adaptation.crops import uneven

# Figures over a few hundred crops move by about this much from one half of them to the other.
_WORSE = 0.02
# Of two real cameras, 0.12 to 0.20 with the same people and 0.06 to 0.09 with other people.
_FEW_BRIDGED = 0.1


def advice(adapted: Adapted) -> list[str]:
    """Warnings; nothing is refused for them."""
    counts = {camera.name: camera.crops for camera in adapted.cameras}
    said = [uneven(counts)]
    before, after = adapted.before, adapted.after
    if before is None or after is None:
        said.append("one camera alone: nothing can be said of how it fits others")
    else:
        if adapted.overlap is not None and adapted.overlap < _FEW_BRIDGED:
            said.append(
                f"only {adapted.overlap:.0%} of a camera's crops are nearest, mutually, to a crop "
                "of another one: the cameras hardly share people, crops are frames of one track, "
                "or the network tells people badly apart; in the first two cases what was "
                "estimated may be the people and not the camera"
            )
        if after.mutual < before.mutual - _WORSE:
            said.append(
                "cameras fit each other worse than before: mutual nearest neighbours "
                f"{before.mutual:.3f} before, {after.mutual:.3f} after; use the network as it was, "
                "or another --level"
            )
    return [line for line in said if line is not None]
