"""Whether decision trees from a file lead anywhere but through themselves.

scikit-learn follows the numbers of a tree's nodes and features without a look at them: a file could have it
read what is not the tree's. Looked at are decision trees and forests of them; trees elsewhere are not known.
"""

from typing import Any

import numpy as np

TYPE = "sklearn.tree._tree.Tree"
LEAF = -1


def fault(estimator: Any, features: int) -> str | None:
    """Return why a loaded classifier's trees may not be followed on rows of so many features, else None."""
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

    kind, single = type(estimator), (DecisionTreeClassifier, ExtraTreeClassifier)
    if kind in single:
        members = [estimator]
    elif kind in (RandomForestClassifier, ExtraTreesClassifier) and type(estimator.estimators_) is list:
        members = estimator.estimators_
    else:
        return f"trees inside a {kind.__name__}, which were not looked at"
    alike = [type(each) in single for each in members]
    sizes = {each.n_features_in_ for each in (estimator, *members)}
    if not all(alike) or sizes != {features} or not all(_closed(each.tree_, features) for each in members):
        return "decision trees that lead elsewhere"
    return None


def _closed(tree: Any, features: int) -> bool:
    """Tell whether each node of a tree leads to later ones of its own, by a feature that there is."""
    from sklearn.tree._tree import Tree

    if type(tree) is not Tree or tree.n_features != features or not 0 < tree.node_count <= tree.capacity:
        return False
    nodes, own = tree.__getstate__()["nodes"], np.arange(tree.node_count)
    inner = nodes["left_child"] != LEAF
    later = [(nodes[side] > own) & (nodes[side] < len(own)) for side in ("left_child", "right_child")]
    known = (nodes["feature"] >= 0) & (nodes["feature"] < features)
    return bool((later[0] & later[1] & known)[inner].all())
