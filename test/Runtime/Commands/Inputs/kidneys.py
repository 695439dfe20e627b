"""A small data set of CT volumes in the order and with the spacings of KiTS19:  kidneys.py FOLDER
Slices are the first axis of a file; each volume has two kidneys and a tumour in one of them."""

import array
import json
import math
import os
import struct
import sys


def write(path, shape, spacing, voxels):
    """`voxels` with the first axis fastest, which points down; the last points left."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 4, 16)
    struct.pack_into("<8f", header, 76, 1, *spacing, 1, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    header[123] = 2
    struct.pack_into("<h", header, 254, 1)
    struct.pack_into("<4f", header, 280, 0, 0, -spacing[2], 0)
    struct.pack_into("<4f", header, 296, 0, -spacing[1], 0, 0)
    struct.pack_into("<4f", header, 312, -spacing[0], 0, 0, 0)
    header[344:348] = b"n+1\0"
    with open(path, "wb") as file:
        file.write(bytes(header) + array.array("h", voxels).tobytes())


def case(number):
    shape, spacing = (17 + number, 40, 44 + 2 * number), (3.0, 1.25, 1.1)
    centres = [((8, 20, 14), 6 + number % 2), ((9, 22, 32), 6)]
    image, labels = [], []
    for z in range(shape[2]):
        for y in range(shape[1]):
            for x in range(shape[0]):
                label, value = 0, -60 + (x * 7 + y * 13 + z * 29) % 31
                for centre, radius in centres:
                    distance = math.dist((2 * x, y, z), (2 * centre[0], *centre[1:]))
                    if distance < radius:
                        label, value = 1, 180 + (x * 5 + y * 3 + z) % 17
                if math.dist((2 * x, y, z), (16, 20, 12)) < 3:
                    label, value = 2, 90 + (x + y + z) % 5
                image.append(value)
                labels.append(label)
    return shape, spacing, image, labels


def main():
    folder = sys.argv[1]
    for name in ("imagesTr", "labelsTr"):
        os.makedirs(f"{folder}/{name}")
    training = []
    for number in range(5):
        shape, spacing, image, labels = case(number)
        files = {kind: f"{kind}sTr/case_{number:05}.nii" for kind in ("image", "label")}
        write(f"{folder}/{files['image']}", shape, spacing, image)
        write(f"{folder}/{files['label']}", shape, spacing, labels)
        training.append(files)
    index = {
        "name": "Kidneys",
        "modality": {"0": "CT"},
        "labels": {"0": "background", "1": "kidney", "2": "tumor"},
        "numTraining": len(training),
        "training": training,
        "test": [],
    }
    with open(f"{folder}/dataset.json", "w", encoding="utf-8") as file:
        json.dump(index, file)


if __name__ == "__main__":
    main()
