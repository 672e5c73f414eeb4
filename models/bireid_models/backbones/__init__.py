"""The backbones: from an image to named maps."""

from bireid_models.backbones.base import Backbone

__all__ = ["BACKBONES", "Backbone"]

BACKBONES: dict[str, Backbone] = {
    "resnet10": Backbone("bireid_models.backbones.resnet:resnet10"),
    "resnet18": Backbone("bireid_models.backbones.resnet:resnet18"),
    "resnet18_stage2": Backbone("bireid_models.backbones.resnet:resnet18_stage2"),
    "resnet18_stage3": Backbone("bireid_models.backbones.resnet:resnet18_stage3"),
    "resnet34": Backbone("bireid_models.backbones.resnet:resnet34"),
    "resnet50": Backbone("bireid_models.backbones.resnet:resnet50"),
    "wide_resnet22": Backbone("bireid_models.backbones.wide_resnet:wide_resnet22"),
    "wide_resnet40": Backbone("bireid_models.backbones.wide_resnet:wide_resnet40"),
    "mobilenet": Backbone("bireid_models.backbones.mobilenet:mobilenet"),
    "mobilenet_v2": Backbone("bireid_models.backbones.mobilenet_v2:mobilenet_v2"),
    "cdnet": Backbone("bireid_models.backbones.cdnet:cdnet"),
    "pointnet": Backbone("bireid_models.backbones.pointnet:pointnet", least_input=(8, 1)),
}
