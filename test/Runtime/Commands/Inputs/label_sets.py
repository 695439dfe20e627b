"""Volumes whose labels are regions, or partly unknown:
  label_sets.py make DATA OUT [regions] [ignore]   a few cases of DATA; with `ignore` a part of each has the label 3, which is not learnt from
  label_sets.py check OUT RESULTS MASKS            holds the Dice in RESULTS/case-metrics.csv and summary.json to that of the masks"""
import ast, csv, gzip, json, math, os, shutil, struct, sys

HEADER = 352
REGIONS = {'whole': [1, 2], 'rear': 2}


def voxels(path):
    return bytearray(gzip.open(path).read())[HEADER:]


def is_plain(path):
    header = gzip.open(path).read(HEADER)
    return struct.unpack_from('<h', header, 70) == (2,) and struct.unpack_from('<2f', header, 112) in ((0, 0), (1, 0))


def make(data, out, *kinds):
    # Of bytes without a scale.
    names = [n for n in sorted(os.listdir(f'{data}/labelsTr')) if is_plain(f'{data}/labelsTr/{n}')][:6]
    for kind in ('imagesTr', 'labelsTr'):
        os.makedirs(f'{out}/{kind}')
    for name in names:
        shutil.copy(f'{data}/imagesTr/{name}', f'{out}/imagesTr/{name}')
        label = bytearray(gzip.open(f'{data}/labelsTr/{name}').read())
        count = (len(label) - HEADER) // 4
        if 'ignore' in kinds:
            label[HEADER + 2 * count:HEADER + 3 * count] = bytes([3]) * count
        with gzip.open(f'{out}/labelsTr/{name}', 'wb') as f:
            f.write(bytes(label))
    index = {'name': 'Made', 'modality': {'0': 'MRI'}, 'labels': {'background': 0, **(REGIONS if 'regions' in kinds else {'a': 1, 'b': 2})},
             'numTraining': len(names), 'training': [{'image': f'imagesTr/{n}', 'label': f'labelsTr/{n}'} for n in names], 'test': []}
    if 'regions' in kinds:
        index['regions_class_order'] = [1, 2]
    if 'ignore' in kinds:
        index['labels']['ignore'] = 3
    with open(f'{out}/dataset.json', 'w') as f:
        json.dump(index, f)


def check(out, results, masks):
    labels = json.load(open(f'{out}/dataset.json'))['labels']
    classes = {tuple(v) if isinstance(v, list) else v for name, v in labels.items() if name not in ('background', 'ignore')}
    summary = json.load(open(f'{results}/summary.json'))
    assert {ast.literal_eval(key) for key in summary['mean']} == classes, summary['mean'].keys()
    dice = {}
    for row in csv.DictReader(open(f'{results}/case-metrics.csv')):
        path = f'{masks}/{row["case"]}.nii.gz'
        if not os.path.exists(path):
            continue  # a mean
        key = ast.literal_eval(row['class'])
        values = key if isinstance(key, tuple) else (key,)
        mask = voxels(path)
        assert set(mask) <= {0, 1, 2}, set(mask)
        pairs = [(p in values, t in values) for p, t in zip(mask, voxels(f'{out}/labelsTr/{row["case"]}.nii.gz')) if t != labels.get('ignore')]
        both, either = sum(p and t for p, t in pairs), sum(p + t for p, t in pairs)
        assert either and abs(float(row['dice']) - 2 * both / either) < 1e-6, row
        dice.setdefault(key, []).append(2 * both / either)
    assert dice.keys() == classes and all(len(values) >= 1 for values in dice.values()), dice
    means = {key: sum(values) / len(values) for key, values in dice.items()}
    assert sum(means.values()) > 0, means
    assert math.isclose(summary['foreground_mean']['Dice'], sum(means.values()) / len(means), abs_tol=1e-6), (summary['foreground_mean'], means)


{'make': make, 'check': check}[sys.argv[1]](*sys.argv[2:])
