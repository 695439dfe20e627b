"""tiny_plan.py PLAN RESULT: two levels of few filters on patches of 16^3."""
import json
import sys

plan = json.load(open(sys.argv[1]))
configuration = plan["configurations"]["3d_fullres"]
configuration.update(patch=[16, 16, 16], filters=[4, 8], batch=2)
for key, levels in (("kernels", 2), ("strides", 2), ("encoder_blocks", 2),
                    ("decoder_blocks", 1)):
    configuration[key] = configuration[key][:levels]
json.dump(plan, open(sys.argv[2], "w"))
