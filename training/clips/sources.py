"""All people of the assets, by split: photo portraits, modelled heads, real video."""

from . import families, head_scene, heads, portrait_scene, portraits, video

# source -> share of the draws; a test pair that is new in its head draws from families.KEPT_HEADS.
SHARES = {"faker": 0.2, "congress": 0.2, "valid": 0.26, "ict": 0.14, "video": 0.2, "interfaces": 1}
SOLID = ("valid", "ict")  # with real depth to the back of the head
VIDEOS = ("train", "test")


class Sources:
    """People are loaded when first drawn, and kept."""

    new_in_test = ("identity", "light", "instrument", "camera", "head")  # what can be held out

    def __init__(self, assets, cache):
        """cache: folder for what is slow to find: landmarks, silhouettes."""
        self.assets = assets
        self.portraits = portraits.PortraitCache(assets, cache)
        self.videos = {which: video.Video(assets, which, cache) for which in VIDEOS}
        self.people = {}  # (split, source) -> identities
        photos = (key for key, found in self.portraits.table.items() if portraits.usable(found))
        for source, identity in (*heads.identities(assets), *photos):
            split = families.person_split(source, identity)
            self.people.setdefault((split, source), []).append(identity)

    def draw(self, rng, split, held_out, times, rig, solid=False):
        """A scene of someone of this split. held_out: the test pair's factors of
        families.PROTOCOLS; solid: only heads with real depth all around."""
        kept = split == "test" and "head" in held_out
        names = [
            name
            for name in SHARES
            if (name in families.KEPT_HEADS) == (kept and not solid)
            and (not solid or name in SOLID)
            and ((split, name) in self.people or name == "video" and split in VIDEOS)
        ]
        shares = [SHARES[name] for name in names]
        source = str(rng.choice(names, p=[share / sum(shares) for share in shares]))
        if source == "video":
            return self.videos[split].scene(rng, len(times))
        identity = str(rng.choice(self.people[split, source]))
        if source in SOLID:
            return head_scene.head_scene(self.assets, rng, source, identity, times, rig)
        return portrait_scene.portrait_scene(self.portraits, rng, source, identity, times, rig)
