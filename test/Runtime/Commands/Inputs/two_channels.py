"""Two data sets of the same cases:  two_channels.py DIR
DIR/joined has both channels in one file, DIR/separate a file for each, the second stored from the other end of x. The label is 1 where the first channel
is brighter than the second: neither tells it alone."""
import json, os, random, struct, sys

N = 8


def nifti(values, channels=1, code=16, flipped=False):
    header = bytearray(348)
    struct.pack_into('<i', header, 0, 348)
    rank = 4 if channels > 1 else 3
    struct.pack_into('<8h', header, 40, rank, N, N, N, channels, 1, 1, 1)
    struct.pack_into('<hh', header, 70, code, 32 if code == 16 else 8)
    struct.pack_into('<8f', header, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into('<3f', header, 108, 352, 1, 0)
    header[123] = 2
    struct.pack_into('<hh', header, 252, 0, 1)
    rows = [[-1, 0, 0, N - 1] if flipped else [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    for i, row in enumerate(rows):
        struct.pack_into('<4f', header, 280 + 16 * i, *row)
    header[344:348] = b'n+1\0'
    if flipped:
        values = [values[i - i % N + N - 1 - i % N] for i in range(len(values))]
    return bytes(header) + b'\0\0\0\0' + struct.pack('<%d%s' % (len(values), 'f' if code == 16 else 'B'), *values)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)


root = sys.argv[1]
draw = random.Random(3)
for number in range(8):
    first, second = ([draw.random() for _ in range(N ** 3)] for _ in range(2))
    label = nifti([int(a > b) for a, b in zip(first, second)], code=2)
    name = 'case%d' % number
    folder = 'imagesTs' if number == 7 else 'imagesTr'
    write(f'{root}/joined/{folder}/{name}.nii', nifti(first + second, channels=2))
    write(f'{root}/separate/{folder}/{name}_0000.nii', nifti(first))
    write(f'{root}/separate/{folder}/{name}_0001.nii', nifti(second, flipped=True))
    if number < 7:
        for kind in ('joined', 'separate'):
            write(f'{root}/{kind}/labelsTr/{name}.nii', label)
common = {'labels': {'background': 0, 'brighter': 1}}
listed = dict(common, modality={'0': 'T1', '1': 'T2'}, test=['imagesTs/case7.nii'],
              training=[{'image': f'imagesTr/case{i}.nii', 'label': f'labelsTr/case{i}.nii'} for i in range(7)])
write(f'{root}/joined/dataset.json', json.dumps(listed).encode())
write(f'{root}/separate/dataset.json', json.dumps(dict(common, channel_names={'0': 'T1', '1': 'T2'}, file_ending='.nii', numTraining=7)).encode())
