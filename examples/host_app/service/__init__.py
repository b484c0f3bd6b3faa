"""The website's own package; Crossfade's sources lie in a folder of the same name, and are none of its business."""
