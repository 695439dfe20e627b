"""Data sets that are damaged in one way each:  bad_input.py DIR
DIR/NAME has four cases of 8x8x8 voxels with labels, of which a damage changes c1 or dataset.json. DIR/good has none."""
import json, os, random, struct, sys

N = 8


def nifti(values, size=(N, N, N), channels=1, code=16, spacing=(1, 1, 1), placed=True):
    header = bytearray(348)
    struct.pack_into('<i', header, 0, 348)
    struct.pack_into('<8h', header, 40, 4 if channels > 1 else 3, *size, channels, 1, 1, 1)
    struct.pack_into('<hh', header, 70, code, {16: 32, 2: 8, 128: 24}[code])
    struct.pack_into('<8f', header, 76, 1, *spacing, 1, 1, 1, 1)
    struct.pack_into('<3f', header, 108, 352, 1, 0)
    header[123] = 2
    struct.pack_into('<hh', header, 252, 0, int(placed))
    for i in range(3):
        struct.pack_into('<4f', header, 280 + 16 * i, *[float(i == j) * abs(spacing[i]) for j in range(4)])
    header[344:348] = b'n+1\0'
    return bytes(header) + b'\0\0\0\0' + struct.pack('<%d%s' % (len(values), 'f' if code == 16 else 'B'), *values)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data)


draw = random.Random(7)


def image(size=(N, N, N), channels=1, **header):
    return nifti([draw.random() for _ in range(size[0] * size[1] * size[2] * channels)], size, channels, **header)


def label(size=(N, N, N), values=(0, 1), **header):
    return nifti([draw.choice(values) for _ in range(size[0] * size[1] * size[2])], size, code=2, **header)


def data_set(name, images={}, labels={}, size=(N, N, N), text=None, twice=False):
    folder = os.path.join(sys.argv[1], name)
    cases = [f'c{i}' for i in range(4)]
    for case in cases:
        write(f'{folder}/imagesTr/{case}.nii', images.get(case) or image(size))
        write(f'{folder}/labelsTr/{case}.nii', labels.get(case) or label(size))
    training = [{'image': f'imagesTr/{c}.nii', 'label': f'labelsTr/{c}.nii'} for c in cases]
    index = {'modality': {'0': 'MRI'}, 'labels': {'0': 'background', '1': 'foreground'}, 'numTraining': 4, 'training': training + training[1:2] * twice, 'test': []}
    text = (text or (lambda t: t))(json.dumps(index, indent=1))
    write(f'{folder}/dataset.json', text.encode())
    return folder


data_set('good')
data_set('four-d', {'c1': image(channels=2)})
data_set('rgb', {'c1': nifti([draw.randrange(256) for _ in range(3 * N ** 3)], code=128)})
data_set('zero-spacing', {'c1': image(spacing=(1, 0, 1), placed=False)})
data_set('negative-spacing', {'c1': image(spacing=(-1, 1, 1), placed=False)}, {'c1': label(spacing=(-1, 1, 1), placed=False)})
data_set('thin', size=(N, N, 1))
data_set('small', size=(3, 2, 3))
data_set('empty', labels={'c1': label(values=(0,))})
data_set('twice', twice=True)
folder = data_set('stray')
for kind in ('imagesTr', 'labelsTr'):
    write(f'{folder}/{kind}/._c1.nii', b'\0\5\x16\7' + b'\0' * 60)
data_set('windows', text=lambda t: '\ufeff' + t.replace('\n', '\r\n'))
# A file for each channel, of which one is not there.
folder = os.path.join(sys.argv[1], 'missing-channel')
for case in range(4):
    for channel in range(2):
        if (case, channel) != (1, 1):
            write(f'{folder}/imagesTr/c{case}_000{channel}.nii', image())
    write(f'{folder}/labelsTr/c{case}.nii', label())
write(f'{folder}/dataset.json', json.dumps({'channel_names': {'0': 'T1', '1': 'T2'}, 'labels': {'background': 0, 'foreground': 1}, 'numTraining': 4, 'file_ending': '.nii'}).encode())
