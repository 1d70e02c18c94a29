"""The findings of `quanjing tiles check`: one code a fault, each with a bad tileset in the tests."""

from gis.issues import Issue, Place, Severity

CODES: dict[str, tuple[str, str]] = {
    "T101": ("tileset.json 不存在或不是 JSON", "重新生成该企业的瓦片"),
    "T102": ("必需的属性缺失或类型不对", "对照 3D Tiles 1.1 的 tileset、tile、asset 模式"),
    "T103": ("asset.version 不是 1.1", "只支持 3D Tiles 1.1"),
    "T104": ("包围体写法不对", "box 为 12 个有限数，三条半轴线性无关"),
    "T105": ("子瓦片的包围盒超出父瓦片", "父瓦片包围盒须包含全部子瓦片"),
    "T106": ("几何误差没有逐级减小", "子瓦片的 geometricError 不得大于父瓦片"),
    "T107": ("内容文件不存在", "补全文件或重新生成"),
    "T108": ("transform 不是 16 个有限数的可逆仿射矩阵", "按列存储，末行为 0 0 0 1"),
    "T109": ("内容路径指到瓦片目录之外", "内容须用目录内的相对路径"),
    "T201": ("不是有效的 GLB 容器", "检查文件头、长度和数据块"),
    "T202": ("glTF 结构不完整", "对照 glTF 2.0"),
    "T203": ("缓冲视图或访问器越界", "byteOffset + 长度不得超过所属缓冲"),
    "T204": ("索引超出顶点数", "合并网格时要重新编号"),
    "T205": ("POSITION 的 min/max 与数据不符", "按写入的 float32 值重算"),
    "T206": ("顶点数据含 NaN 或无穷", "检查输入坐标"),
    "T207": ("法线不是单位长度", "归一化法线"),
    "T208": ("顶点超出瓦片的包围盒", "按实际顶点（含地下部分）重算包围盒"),
    "T209": ("顶点属性数量不一致", "每个顶点属性的 count 须相同"),
    "T210": ("压缩的缓冲视图无法解压", "按 EXT_meshopt_compression 重新编码"),
    "T301": ("要素编号超出属性表行数", "编号须为 0 到行数减 1 的整数"),
    "T302": ("属性表有一行没有任何顶点使用", "删去该行或补上几何"),
    "T303": ("属性表与模式不符", "类、属性须在 schema 中，必需的属性须齐全"),
    "T304": ("属性表缓冲长度不对", "按行数和类型重算"),
    "T305": ("字符串偏移不递增或越界", "偏移从 0 起递增，末值不超过字节数"),
    "T306": ("字符串不是有效的 UTF-8", "按 UTF-8 编码"),
    "T307": ("枚举值不在模式中", "补上枚举项或改正数据"),
    "T308": ("同一要素在叶瓦片中出现多次", "每个 feature_id 只属于一个叶瓦片"),
    "T309": ("缺少要素编号或属性表", "须有 EXT_mesh_features 和 EXT_structural_metadata"),
    "T401": ("layer.json 不存在，或不是本格式的地形说明", "重新运行 quanjing terrain bake"),
    "T402": ("声明有的地形瓦片不存在", "重新运行 quanjing terrain bake，会接着做"),
    "T403": ("不是有效的 quantized-mesh 瓦片", "检查文件头、长度和索引编码"),
    "T404": ("三角形指到不存在的顶点，或是退化的", "索引须小于顶点数，三角形从上看逆时针"),
    "T405": ("三角形没有恰好铺满瓦片一次", "各三角形面积之和须等于瓦片"),
    "T406": ("边界顶点表不对", "西、南、东、北表须列出恰好在边上的全部顶点"),
    "T407": ("相邻瓦片的公共边不吻合（有裂缝）", "两侧的顶点和高程须相同"),
    "T408": ("相邻瓦片公共边上的法线不同", "法线须由跨边的高程算出"),
    "T409": ("包围球不包含全部顶点", "按实际顶点重算"),
    "T410": ("地平线遮蔽点太近，瓦片会被误藏", "按瓦片全部顶点重算"),
    "T411": ("metadata 扩展与 layer.json 不一致", "按实有瓦片重写"),
    "T412": ("法线数量不对或没有法线", "每个顶点两个字节（octvertexnormals）"),
}
"""Code → what is wrong, how to mend it."""


def finding(code: str, file: str, detail: str = "", field: str | None = None) -> Issue:
    """Return the issue of a code in a file (path below the folder that was checked)."""
    message, hint = CODES[code]
    return Issue(code, Severity.ERROR, f"{message}：{detail}" if detail else message, hint, Place(file=file, field=field))
