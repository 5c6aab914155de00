(* T6 `norm-mgf`: the exponential moment of |V X - c|^2 for a sub-Gaussian vector X.

   x = (x_0, ..., x_{d-1}) on a probability space (T, mu) with
   E e^{<v,x>} <= e^{s2 |v|^2/2} for every v (tilted_mean.v, `subgaussian`).  For a
   matrix V and c in R^m, let V V^T = O diag(nu) O^T with O orthogonal, so that the
   nu_j are the eigenvalues of V V^T.  If lam >= 0, nu_j <= op2 and 2 lam s2 op2 < 1,

     ln E e^{lam |Vx - c|^2}
       <= -1/2 sum_j ln(1 - 2 lam s2 nu_j) + lam |c|^2 / (1 - 2 lam s2 op2).

   Proof: in the eigenbasis the rows of V are orthogonal; e^{lam v^2} is the mean of
   e^{sqrt(2 lam) g v} over a standard normal g, and the coordinates of Vx are taken
   one at a time, with Tonelli's theorem, the tilt growing by sqrt(2 lam) g V_j.

     square_cgf x y      ln E e^{x g^2 + y g} for a standard normal g, x < 1/2
     eigenvalues         the list of the nu_j
     distance_square     |Vx - c|^2
     norm_mgf            the bound above *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap zmodp matrix.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line.
From AttentionBounds.certificate Require Import bounds_definitions.
From AttentionBounds.gaussian Require Import standard_normal.
From AttentionBounds.sub_gaussian Require Import tilted_mean.
From AttentionBounds.gaussian Require normal_integral.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* E e^{x g^2 + y g} for a standard normal g, as the exponential of this *)
Definition square_cgf (x y : RR) : RR := normal_integral.normal_square_cgf x y.

Lemma standard_normal_square (x y : RR) : 2%:R * x < 1 ->
  (\int[standard_normal]_g (rexp (x * g ^+ 2 + y * g))%:E = (rexp (square_cgf x y))%:E)%E.
Proof.
move=> /RltP; rewrite -IZR2E => x1.
have E g : rexp (x * g ^+ 2 + y * g) * density g = normal_integral.normal_square_density x y g.
  by rewrite -pow2E.
rewrite standard_normal_integral; first last.
- by move=> g; exact/ltW/rexp_gt0.
- apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funD.
    by apply: measurable_funrM; apply: measurable_fun_sqr; exact: measurable_fun_id.
  by apply: measurable_funrM; exact: measurable_fun_id.
under eq_integral do rewrite E.
rewrite /square_cgf -(normal_integral.normal_square_total x y x1).
apply: (@lebesgue_integral_line (normal_integral.normal_square_density x y : RR -> RR)
  (normal_integral.normal_square_primitive x y : RR -> RR)).
- exact: normal_integral.normal_square_density_cont.
- by move=> g; apply/RleP; exact: normal_integral.normal_square_density_ge0.
- exact: normal_integral.normal_square_primitive_der.
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := normal_integral.lim_p_seq _ _ (normal_integral.normal_square_lim_p x y x1) e (elimT (RltP _ _) e0).
  exists N => // n /= Nn; apply/RltP; have := HN n (elimT ssrnat.leP Nn).
  by rewrite INRE.
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := normal_integral.lim_m_seq _ _ (normal_integral.normal_square_lim_m x y x1) e (elimT (RltP _ _) e0).
  exists N => // n /= Nn; apply/RltP; have := HN n (elimT ssrnat.leP Nn).
  by rewrite INRE.
Qed.

(* e^{v^2/2} as a mean over a standard normal g *)
Lemma exp_square_mean (v : RR) : ((rexp (v ^+ 2 / 2%:R))%:E = \int[standard_normal]_g (rexp (v * g))%:E)%E.
Proof.
have [I E] := standard_normal_mgf v.
by rewrite (Pmean_integral I) E RdivE' pow2E IZR2E.
Qed.

Lemma exponent_regroup (u s r w b g : RR) :
  u + s + r * (w - b) * g = - (r * b) * g + (u + r * g * w + s).
Proof.
rewrite mulrBr mulrBl mulNr [r * g * w]mulrAC addrA [RHS]addrC; congr (_ - _).
by rewrite addrAC.
Qed.

Lemma exponent_complete (s2 U l g nu h S : RR) : h + h = 1 ->
  s2 * (U + 2%:R * l * g ^+ 2 * nu) * h + S = s2 * U * h + S + l * s2 * nu * g ^+ 2.
Proof.
move=> hh; rewrite mulrDr mulrDl addrAC; congr (_ + _).
have -> : s2 * (2%:R * l * g ^+ 2 * nu) * h = l * s2 * nu * g ^+ 2 * (h + h).
  move: (g ^+ 2) => z; rewrite -IZR2E -!RmultE -RplusE.
  by match goal with |- @eq _ ?a ?b => change (@eq R a b) end; ring.
by rewrite hh mulr1.
Qed.

Section NormMgf.
Context d' (T : measurableType d') (mu : {measure set T -> \bar RR}).
Hypothesis mu1 : mu setT = 1%E.
Variables (d : nat) (x : 'I_d -> T -> RR) (s2 : RR).
Hypothesis mx : forall k, measurable_fun setT (x k).
Hypothesis x_sub : subgaussian mu x s2.
Variable lam : RR.
Hypothesis lam0 : 0 <= lam.
Let inner (v : 'I_d -> RR) (t : T) : RR := \sum_(k < d) v k * x k t.

Let minner v : measurable_fun setT (inner v).
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (k : 'I_d) t => v k * x k t)) => k.
by apply: measurable_funM => //; exact: measurable_fun_cst.
Qed.

(* ---- orthogonal rows W_0, W_1, ... with |W_j|^2 = nu_j ---- *)

Section OrthogonalRows.
Variables (W : nat -> 'I_d -> RR) (b nu : nat -> RR).
Hypothesis W_orthogonal : forall i j, i <> j -> \sum_(k < d) W i k * W j k = 0.
Hypothesis W_norm : forall j, \sum_(k < d) W j k ^+ 2 = nu j.
Hypothesis nu_lt : forall j, 2%:R * (lam * s2 * nu j) < 1.
Let r : RR := Num.sqrt (2%:R * lam).
Let r2 : r ^+ 2 = 2%:R * lam. Proof. by rewrite sqr_sqrtr// mulr_ge0// ler0n. Qed.
Let coordinate j t := inner (W j) t - b j.
Let squares n t := \sum_(j < n) coordinate j t ^+ 2.

Let mcoordinate j : measurable_fun setT (coordinate j).
Proof. by apply: measurable_funB; [exact: minner|exact: measurable_fun_cst]. Qed.
Let msquares n : measurable_fun setT (squares n).
Proof.
apply: (@measurable_fun_sumr _ _ _ _ (fun (j : 'I_n) t => coordinate j t ^+ 2)) => j.
by apply: measurable_fun_sqr; exact: mcoordinate.
Qed.

Let tilt (u : 'I_d -> RR) (n : nat) (g : RR) : 'I_d -> RR := fun k => u k + r * g * W n k.
Let inner_tilt u n g t : inner (tilt u n g) t = inner u t + r * g * inner (W n) t.
Proof.
rewrite /inner mulr_sumr -big_split /=; apply: eq_bigr => k _.
by rewrite /tilt mulrDl mulrA.
Qed.
Let tilt_norm u n g : \sum_(k < d) W n k * u k = 0 ->
  \sum_(k < d) tilt u n g k ^+ 2 = \sum_(k < d) u k ^+ 2 + 2%:R * lam * g ^+ 2 * nu n.
Proof.
move=> un; rewrite -(W_norm n) -r2 -exprMn mulr_sumr.
have -> : \sum_(k < d) u k ^+ 2 = \sum_(k < d) u k ^+ 2 + 2%:R * (r * g) * (\sum_(k < d) W n k * u k).
  by rewrite un mulr0 addr0.
rewrite mulr_sumr -!big_split /=; apply: eq_bigr => k _.
rewrite /tilt sqrrD !exprMn; congr (_ + _ + _).
by rewrite -[LHS]mulr_natl -[RHS]mulrA; congr (_ * _); rewrite mulrC [RHS]mulrA.
Qed.

Lemma norm_mgf_orthogonal n (u : 'I_d -> RR) :
  (forall j, (j < n)%N -> \sum_(k < d) W j k * u k = 0) ->
  (\int[mu]_t (rexp (inner u t + lam * squares n t))%:E
    <= (rexp (s2 * (\sum_(k < d) u k ^+ 2) / 2%:R
         + \sum_(j < n) square_cgf (lam * s2 * nu j) (- (r * b j))))%:E)%E.
Proof.
elim: n u => [|n IH] u orth.
  under eq_integral do rewrite /squares big_ord0 mulr0 addr0.
  by rewrite big_ord0 addr0; exact: x_sub.
pose A t := rexp (inner u t + lam * squares n t).
have A0 t : 0 <= A t by exact/ltW/rexp_gt0.
have mA : measurable_fun setT A.
  apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funD; first exact: minner.
  exact: (measurable_funrM lam (msquares n)).
pose F (z : T * RR) : RR := A z.1 * rexp (r * coordinate n z.1 * z.2).
have F0 z : (0 <= (EFin \o F) z)%E by rewrite lee_fin mulr_ge0// ltW// rexp_gt0.
have m1 : measurable_fun setT (fst : T * RR -> T) by exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1.
have m2 : measurable_fun setT (snd : T * RR -> RR) by exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2.
have mF : measurable_fun setT (EFin \o F).
  apply/EFin_measurable_fun; apply: measurable_funM; first exact: (measurable_fun_comp mA m1).
  apply: (measurable_fun_comp measurable_fun_exp); apply: measurable_funM; last exact: m2.
  by apply: measurable_funrM; exact: (measurable_fun_comp (@mcoordinate n) m1).
have sf1 := probability_sigma_finite mu1.
have sf2 := probability_sigma_finite standard_normal_probability.
have -> : (\int[mu]_t (rexp (inner u t + lam * squares n.+1 t))%:E =
    \int[mu]_t \int[standard_normal]_g (F (t, g))%:E)%E.
  apply: eq_integral => t _.
  rewrite /squares big_ord_recr /= mulrDr addrA rexpD EFinM -/(A t) -/(squares n t).
  have -> : lam * coordinate n t ^+ 2 = (r * coordinate n t) ^+ 2 / 2%:R.
    by rewrite exprMn r2 [2%:R * lam]mulrC [lam * 2%:R * _]mulrAC mulfK ?pnatr_eq0.
  rewrite exp_square_mean -ge0_integralM//.
  - apply/EFin_measurable_fun/(measurable_fun_comp measurable_fun_exp).
    by apply: measurable_funrM; exact: measurable_fun_id.
  - by move=> g _; rewrite lee_fin ltW// rexp_gt0.
  - by rewrite lee_fin.
have -> : (\int[mu]_t \int[standard_normal]_g (F (t, g))%:E =
    \int[standard_normal]_g \int[mu]_t (F (t, g))%:E)%E.
  exact: (etrans (esym (@fubini_tonelli1 _ _ _ _ _ mu standard_normal sf2 (EFin \o F) mF F0))
    (@fubini_tonelli2 _ _ _ _ _ mu standard_normal sf1 sf2 (EFin \o F) mF F0)).
pose K := s2 * (\sum_(k < d) u k ^+ 2) / 2%:R + \sum_(j < n) square_cgf (lam * s2 * nu j) (- (r * b j)).
have FE t g : F (t, g) = rexp (- (r * b n) * g) * rexp (inner (tilt u n g) t + lam * squares n t).
  rewrite /F /A -!rexpD inner_tilt /coordinate; congr (rexp _).
  exact: exponent_regroup.
have le_inner g : (\int[mu]_t (F (t, g))%:E
    <= (rexp K * rexp (lam * s2 * nu n * g ^+ 2 + - (r * b n) * g))%:E)%E.
  under eq_integral do rewrite FE EFinM.
  rewrite ge0_integralM//; last 3 first.
  - apply/EFin_measurable_fun/(measurable_fun_comp measurable_fun_exp)/measurable_funD; first exact: minner.
    exact: (measurable_funrM lam (msquares n)).
  - by move=> t _; rewrite lee_fin ltW// rexp_gt0.
  - by rewrite lee_fin ltW// rexp_gt0.
  have un : \sum_(k < d) W n k * u k = 0 by exact: orth.
  have -> : rexp K * rexp (lam * s2 * nu n * g ^+ 2 + - (r * b n) * g) =
      rexp (- (r * b n) * g) * rexp (s2 * (\sum_(k < d) tilt u n g k ^+ 2) / 2%:R
        + \sum_(j < n) square_cgf (lam * s2 * nu j) (- (r * b j))).
    rewrite -!rexpD; congr (rexp _); rewrite tilt_norm// exponent_complete.
      by rewrite addrA addrC.
    by rewrite -[2%:R^-1]mul1r -splitr.
  rewrite EFinM; apply: lee_wpmul2l; first by rewrite lee_fin ltW// rexp_gt0.
  apply: IH => j jn; rewrite /tilt.
  rewrite (eq_bigr (fun k => W j k * u k + r * g * (W j k * W n k))); last first.
    by move=> k _; rewrite mulrDr mulrCA.
  rewrite big_split /= -mulr_sumr (orth j (ltnW jn)) (W_orthogonal (j := n)) ?mulr0 ?addr0//.
  by move=> jn'; rewrite jn' ltnn in jn.
apply: (@le_trans _ _ (\int[standard_normal]_g
    (rexp K * rexp (lam * s2 * nu n * g ^+ 2 + - (r * b n) * g))%:E)%E).
  apply: ge0_le_integral => //.
  - by move=> g _; apply: integral_ge0 => t _; exact: F0.
  - exact: (@measurable_fun_fubini_tonelli_G _ _ _ _ _ mu sf1 (EFin \o F)).
  - by move=> g _; rewrite lee_fin mulr_ge0// ltW// rexp_gt0.
  - apply/EFin_measurable_fun/measurable_funrM/(measurable_fun_comp measurable_fun_exp)/measurable_funD.
      by apply: measurable_funrM; apply: measurable_fun_sqr; exact: measurable_fun_id.
    by apply: measurable_funrM; exact: measurable_fun_id.
under eq_integral do rewrite EFinM.
rewrite ge0_integralM//; last 3 first.
- apply/EFin_measurable_fun/(measurable_fun_comp measurable_fun_exp)/measurable_funD.
    by apply: measurable_funrM; apply: measurable_fun_sqr; exact: measurable_fun_id.
  by apply: measurable_funrM; exact: measurable_fun_id.
- by move=> g _; rewrite lee_fin ltW// rexp_gt0.
- by rewrite lee_fin ltW// rexp_gt0.
rewrite standard_normal_square// -EFinM -rexpD lee_fin.
by rewrite /K big_ord_recr /= [X in _ <= rexp X]addrA.
Qed.
End OrthogonalRows.

(* ---- any matrix V, in an orthonormal eigenbasis of V V^T ---- *)

Section EigenBasis.
Variables (m : nat) (V : 'M[RR]_(m, d)) (O : 'M[RR]_m) (nu : 'rV[RR]_m) (c : 'cV[RR]_m) (op2 : RR).
Hypothesis O_orthogonal : O^T *m O = 1%:M.
Hypothesis V_eigen : V *m V^T = O *m diag_mx nu *m O^T.
Hypothesis s2_ge0 : 0 <= s2.
Hypothesis nu_le : forall j, nu 0 j <= op2.
Hypothesis lam_lt : 2%:R * lam * s2 * op2 < 1.

Definition eigenvalues : list R := [seq nu 0 j | j <- enum 'I_m].
Definition distance_square (t : T) : RR := \sum_(i < m) (\sum_(k < d) V i k * x k t - c i 0) ^+ 2.

Let W := O^T *m V.
Let b := O^T *m c.
Let row_of (j : nat) : 'I_d -> RR := fun k => if insub j is Some j' then W j' k else 0.
Let b_of (j : nat) : RR := if insub j is Some j' then b j' 0 else 0.
Let nu_of (j : nat) : RR := if insub j is Some j' then nu 0 j' else 0.

Let W_gram (i j : 'I_m) : \sum_(k < d) W i k * W j k = nu 0 j *+ (i == j).
Proof.
have E : W *m W^T = diag_mx nu.
  rewrite /W trmx_mul trmxK mulmxA -[O^T *m V *m V^T]mulmxA V_eigen !mulmxA O_orthogonal mul1mx.
  by rewrite -mulmxA O_orthogonal mulmx1.
transitivity ((W *m W^T) i j); last by rewrite E [diag_mx _ _ _]mxE; case: eqP => [->|].
by rewrite [RHS]mxE; apply: eq_bigr => k _; rewrite [W^T k j]mxE.
Qed.

Let OOT : O *m O^T = 1%:M. Proof. exact: mulmx1C. Qed.

(* |Vx - c|^2 in the eigenbasis *)
Let distanceE t : distance_square t = \sum_(j < m) (inner (row_of j) t - b_of j) ^+ 2.
Proof.
pose y : 'cV[RR]_m := V *m (\col_k x k t) - c.
have norm2 (z : 'cV[RR]_m) : \sum_(i < m) z i 0 ^+ 2 = (z^T *m z) 0 0.
  by rewrite mxE; apply: eq_bigr => i _; rewrite [z^T 0 i]mxE expr2.
transitivity (\sum_(i < m) y i 0 ^+ 2).
  apply: eq_bigr => i _; congr (_ ^+ 2); apply/esym; rewrite /y mxE [X in X + _ = _]mxE [X in _ + X = _]mxE.
  by congr (_ - _); apply: eq_bigr => k _; rewrite mxE.
have -> : \sum_(i < m) y i 0 ^+ 2 = \sum_(i < m) (O^T *m y) i 0 ^+ 2.
  by rewrite !norm2 trmx_mul trmxK -mulmxA [O *m (O^T *m y)]mulmxA OOT mul1mx.
apply: eq_bigr => j _; congr (_ ^+ 2).
rewrite /y mulmxBr mulmxA -/W -/b mxE [X in X + _ = _]mxE [X in _ + X = _]mxE.
rewrite /inner /row_of /b_of valK; congr (_ - _).
by apply: eq_bigr => k _; rewrite [X in W j k * X = _]mxE.
Qed.

Let c_norm : \sum_(j < m) b j 0 ^+ 2 = \sum_(i < m) c i 0 ^+ 2.
Proof.
have norm2 (z : 'cV[RR]_m) : \sum_(i < m) z i 0 ^+ 2 = (z^T *m z) 0 0.
  by rewrite mxE; apply: eq_bigr => i _; rewrite [z^T 0 i]mxE expr2.
by rewrite !norm2 /b trmx_mul trmxK -mulmxA [O *m (O^T *m c)]mulmxA OOT mul1mx.
Qed.

Lemma list_sumE (I : Type) (s : seq I) (g : I -> RR) (h : R -> R) :
  list_sum (List.map h [seq g i | i <- s]) = \sum_(i <- s) (h (g i) : RR) :> RR.
Proof. by elim: s => [|i s IH]; rewrite ?big_nil// big_cons -IH. Qed.

Theorem norm_mgf : (\int[mu]_t (rexp (lam * distance_square t))%:E
  <= (rexp (norm_mgf_bound s2 eigenvalues op2 (\sum_(i < m) c i 0 ^+ 2) lam))%:E)%E.
Proof.
have orth i j : i <> j -> \sum_(k < d) row_of i k * row_of j k = 0.
  move=> ij; rewrite /row_of; case: insubP => [i' _ ei|_]; last by rewrite big1// => k _; rewrite mul0r.
  case: insubP => [j' _ ej|_]; last by rewrite big1// => k _; rewrite mulr0.
  by rewrite W_gram (_ : i' == j' = false)//; apply/negP => /eqP e; apply: ij; rewrite -ei -ej e.
have norm j : \sum_(k < d) row_of j k ^+ 2 = nu_of j.
  rewrite /row_of /nu_of; case: insubP => [j' _ _|_]; last by rewrite big1// => k _; rewrite expr0n.
  by have := W_gram j' j'; rewrite eqxx mulr1n => <-; apply: eq_bigr => k _; rewrite expr2.
have lt1 j : 2%:R * (lam * s2 * nu_of j) < 1.
  rewrite /nu_of; case: insubP => [j' _ _|_]; last by rewrite !mulr0 ltr01.
  apply: le_lt_trans lam_lt; rewrite !mulrA; apply: ler_wpmul2l; last exact: nu_le.
  by rewrite !mulr_ge0// ler0n.
have := norm_mgf_orthogonal b_of orth norm lt1 (n := m) (u := fun=> 0).
move=> /(_ (fun j _ => big1 _ _ _ (fun k _ => mulr0 _))).
have -> : (\int[mu]_t (rexp (lam * distance_square t))%:E = \int[mu]_t
    (rexp (inner (fun=> 0) t + lam * \sum_(j < m) (inner (row_of j) t - b_of j) ^+ 2))%:E)%E.
  apply: eq_integral => t _; rewrite distanceE [inner (fun=> 0) t]big1 ?add0r// => k _.
  by rewrite mul0r.
move=> H; apply: le_trans H _; rewrite lee_fin.
have exp_le (y z : RR) : y <= z -> rexp y <= rexp z.
  by move=> yz; apply/RleP/exponential_bounds.exp_le_compat/RleP.
apply: exp_le; rewrite big1 ?mulr0 ?mul0r ?add0r; last by move=> k _; rewrite expr0n.
have -> : norm_mgf_bound s2 eigenvalues op2 (\sum_(i < m) c i 0 ^+ 2) lam =
    \sum_(j < m) Rplus (Rmult (Ropp (Rdiv 1 2)) (ln (Rminus 1 (Rmult (Rmult (Rmult 2 lam) s2) (nu 0 j)))))
      (Rdiv (Rmult lam (pow (b j 0) 2)) (Rminus 1 (Rmult (Rmult (Rmult 2 lam) s2) op2))) :> RR.
  rewrite /norm_mgf_bound /eigenvalues list_sumE big_enum /= -c_norm big_split /= -mulr_sumr.
  congr (_ + _); rewrite RdivE' RmultE mulr_sumr mulr_suml; apply: eq_bigr => j _.
  by rewrite RdivE' -pow2E.
apply: ler_sum => j _; rewrite /nu_of /b_of valK; apply/RleP.
apply: normal_integral.normal_square_cgf_le; try exact/RleP.
- by apply/RltP; move: lam_lt; rewrite -IZR2E.
- by rewrite pow2E IZR2E sqr_sqrtr// mulr_ge0// ler0n.
Qed.
End EigenBasis.
End NormMgf.
