"""The findings of `quanjing tiles check`: one code a fault, each with a bad tileset in the tests."""

from gis.issues import Issue, Place, Severity

CODES: dict[str, tuple[str, str]] = {
    "T101": ("tileset.json 不存在或不是 JSON", "重新生成该企业的瓦片"),
    "T102": ("必需的属性缺失、类型不对或超出范围", "对照 3D Tiles 1.1 的 JSON 模式"),
    "T103": ("asset.version 不是已知版本", "3D Tiles 的版本为 1.0 或 1.1"),
    "T104": ("包围体写法不对", "box 为 12 个数、region 6 个（弧度，南不过北，低不过高）、sphere 4 个（半径不为负）"),
    "T105": ("包围体超出所属瓦片的包围体", "父瓦片包围体须包含子瓦片和内容"),
    "T106": ("几何误差没有逐级减小", "子瓦片的 geometricError 不得大于父瓦片"),
    "T107": ("引用的文件不存在", "补全文件或重新生成"),
    "T108": ("transform 不是 16 个有限数的仿射矩阵", "按列存储，末行为 0 0 0 1"),
    "T109": ("引用的路径指到检查的目录之外，未检查", "用目录内的相对路径"),
    "T110": ("外部瓦片集互相引用成环", "去掉指回上级的引用"),
    "T111": ("扩展的声明与使用不一致", "用到的列入 extensionsUsed，必需的再列入 extensionsRequired"),
    "T112": ("隐式瓦片的根不合规定", "根瓦片不得有 children、metadata、内容包围体；包围体为 box 或 region；模板只用 {level} {x} {y} {z}"),
    "T113": ("打包的瓦片集（3tz、3dtiles）不合规定", "3tz 是带索引 @3dtilesIndex1@ 的 ZIP，3dtiles 是有 media 表的 SQLite"),
    "T201": ("不是有效的 glTF 或 GLB 容器", "检查文件头、长度、数据块和 JSON"),
    "T202": ("glTF 结构不合规定", "对照 glTF 2.0 的 JSON 模式"),
    "T203": ("缓冲、缓冲视图或访问器越界、未对齐", "byteOffset + 长度不得超过所属缓冲，起点对齐到分量"),
    "T204": ("索引超出顶点数", "合并网格时要重新编号"),
    "T205": ("访问器的 min/max 缺失或与数据不符", "按写入的数据重算"),
    "T206": ("顶点数据含 NaN 或无穷", "检查输入坐标"),
    "T207": ("法线不是单位长度", "归一化法线"),
    "T208": ("顶点超出瓦片的包围体", "按实际顶点（含地下部分）重算包围体"),
    "T209": ("顶点属性数量不一致", "每个顶点属性的 count 须相同"),
    "T210": ("压缩的缓冲视图写法不对或无法解压", "按 EXT_meshopt_compression 重新编码"),
    "T211": ("属性、索引或实例的类型不合规定", "对照 glTF 2.0 第 3.7.2.1 节和所用扩展"),
    "T212": ("实体不封闭", "每条边须有方向相反的两个三角形"),
    "T213": ("实体的面朝内", "三角形从外面看须逆时针"),
    "T301": ("要素编号不合规定或超出属性表行数", "编号须为 0 到行数减 1 的整数，个数不超过 featureCount"),
    "T302": ("属性表有一行没有任何顶点使用", "删去该行或补上几何"),
    "T303": ("属性表、属性纹理或属性与模式不符", "类、属性须在 schema 中，必需的属性须齐全"),
    "T304": ("属性表缓冲的长度、对齐或范围不对", "按行数和类型重算"),
    "T305": ("偏移不从 0 起、不递增或越界", "偏移从 0 起递增，末值不超过数据长度"),
    "T306": ("字符串不是有效的 UTF-8", "按 UTF-8 编码"),
    "T307": ("枚举值不在模式中", "补上枚举项或改正数据"),
    "T308": ("同一要素在最细一级出现多次", "每个 feature_id 只属于一个叶瓦片"),
    "T309": ("缺少要素编号或属性表，或写法不对", "对照 EXT_mesh_features、EXT_instance_features、EXT_structural_metadata"),
    "T310": ("元数据模式（schema）不合规定", "对照 3D Metadata 的类、属性、枚举规定"),
    "T311": ("元数据实体或统计不合规定", "类和属性须在 schema 中，值须合类型和范围"),
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
    "T501": ("旧格式瓦片的容器不合规定", "检查文件头、版本和各段长度"),
    "T502": ("旧格式瓦片的要素表或批次表不合规定", "对照 3D Tiles 1.0 的 b3dm、i3dm、pnts、cmpt"),
    "T601": ("子树文件的容器不合规定", "文件头 24 字节，两段长度为 8 的倍数且与文件相符"),
    "T602": ("子树的 JSON 不合规定", "对照 3D Tiles 1.1 的 subtree 模式"),
    "T603": ("子树的可用性自相矛盾", "位流长度、个数、父子关系、内容与瓦片须一致"),
}
"""Code → what is wrong, how to mend it."""


def finding(code: str, file: str, detail: str = "", field: str | None = None, severity: Severity = Severity.ERROR) -> Issue:
    """Return the issue of a code in a file (path below the folder that was checked)."""
    message, hint = CODES[code]
    return Issue(code, severity, f"{message}：{detail}" if detail else message, hint, Place(file=file, field=field))
