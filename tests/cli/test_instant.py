"""Answers that need no TensorFlow are given without it: by facts, the manifest, and the files' headers."""

import json
import subprocess
import sys

# Each is run by one process that refuses to import TensorFlow; the number is the exit code.
COMMANDS = {
    "--help": 0,
    "list": 0,
    "list mobilenet resnet --with-weights --sort top-1 --json": 0,
    "info inception_v3": 0,
    "info vgg_16.slim_in1k --json": 0,
    "compare": 0,
    "compare mobilenet_v1 --out chart.svg": 0,
    "cache list": 0,
    "finetune voc --help": 0,
    "completion bash": 0,
    "inspect FILE": 0,
    "convert FILE out.npz": 0,
    "convert FILE out.ckpt --network cifarnet": 0,
    "convert out.ckpt back.safetensors --network cifarnet --headless": 0,
    "finetune folder --train DATA --model cifarnet --weights FILE --dry-run": 0,
    "pack folder --data DATA --out packed --shards 2": 0,
    "pack verify --data packed": 0,
    "finetune tfrecord --data packed --model cifarnet --weights FILE --dry-run": 0,
    # what is misspelt
    "lst": 2,
    "info vgg16": 2,
    "list vgg16": 2,
    "compare lenett": 2,
    "download vgg16": 2,
    "verify vgg_16.slim": 2,
    "predict --model vgg16 a.jpg": 2,
    "predict --model mobilenet_v1/225 a.jpg": 2,
    "predict --model FILE no.jpg": 2,
    "predict --model deeplab_v3_mobilenet_v2 no.jpg": 2,
    "segment no.jpg --model FILE --out masks": 2,
    "segment no.jpg --model vgg_16 --out masks": 2,
    "segment DATA --model deeplab_v3_mobilenet_v2 --out DATA": 2,
    "segment DATA --model deeplab_v3_mobilenet_v2 --scales 9 --out masks": 2,
    "segment no*.jpg --model deeplab_v3_mobilenet_v2 --out masks": 2,
    "predict --model FILE --images DATA --out chart.svg/": 2,
    "evaluate voc --data DATA --model FILE": 2,
    "evaluate voc --data DATA --model no.safetensors": 2,
    "evaluate folder --data DATA --model FILE --task segmentation": 2,
    "evaluate list --data DATA --model FILE": 2,
    "evaluate folder --data DATA --model vgg16": 2,
    "evaluate folder --data nowhere --model FILE": 2,
    "evaluate folder --data DATA --model FILE --labels imagenet": 2,
    "finetune folder --train DATA --model vgg16": 2,
    "finetune folder --train nowhere": 2,
    "finetune list --data nowhere --model deeplab_v3_mobilenet_v2": 2,
    "finetune folder --train DATA --model cifarnet --weights FILE --steps 3 --profile 1 --dry-run": 2,
    "pack folder --data nowhere --out FILE": 2,
    "export FILE --for openvino --out FILE": 2,
    "crossvalidate folder --data nowhere --out FILE": 2,
    "segment DATA --model deeplab_v3_mobilenet_v2 --out FILE": 2,
    "demo --out FILE": 2,
    "finetune tfrecord --data nowhere": 2,
    "finetune tfrecord --data DATA": 2,
    "evaluate tfrecord --data nowhere --model FILE": 2,
    "finetune folder --train DATA --optimizer sgd": 2,
    "finetune folder --train DATA --weights no.ckpt": 2,
    "finetune folder --train DATA --weights none --cluster tf_config": 2,
    "finetune folder --train DATA --weights none --cluster mpi": 2,
    "convert FILE o.npz --network cifernet": 2,
    "convert FILE o.npz --network lenet": 2,
    "convert no.ckpt o.npz": 2,
    "inspect no.ckpt": 2,
    "report nowhere": 2,
    "run nowhere.py": 2,
    # what is there already
    "convert FILE out.npz ": 2,
    "compare mobilenet_v1 --out chart.svg ": 2,
    "finetune folder --train DATA --model cifarnet --weights FILE --out DATA": 2,
}
CODE = """
import json, sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras"):
            raise AssertionError(f"{name} is imported")
sys.meta_path.insert(0, Refusing())
from slimzoo.cli import main
found = {}
for line in json.loads(sys.argv[1]):
    try:
        main(line.split())
    except SystemExit as end:
        found[line] = end.code
    except AssertionError as error:
        found[line] = str(error)
print("\\n" + json.dumps(found))
"""


def test_no_answer_that_can_be_given_without_tensorflow_imports_it(cifarnet, classes, tmp_path):
    def named(line: str) -> str:
        return line.replace("FILE", str(cifarnet)).replace("DATA", str(classes))

    lines = [named(line) for line in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(lines)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {named(line): code for line, code in COMMANDS.items()}
    assert "Traceback" not in done.stderr
