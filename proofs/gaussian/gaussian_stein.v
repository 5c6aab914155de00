(* Gaussian integration by parts for independent standard normal variables
   Z_0, ..., Z_{N-1} on any probability space (stein_identity):

     E[Z_k F(Z)] = E[F1(Z)],      F1 the partial derivative of F in place k,

   whenever F1 is continuous in place k and there is a functional K of z, integrable
   and not dependent on place k, with, for all z:

     |F1(z)| <= K(z) (1 + z_k^2),    |z_k F(z)| <= K(z) (1 + z_k^2). *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds.foundation Require Import integration probability_measure lebesgue_line rest_independence.
From AttentionBounds.gaussian Require Import standard_normal.
From AttentionBounds.gaussian Require stein_line.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Import stein_line.

(* INT (F1 z - z F z + 2 K (1 + z^2)) dN(z) = 4 K *)
Lemma stein_normal_integral (F F1 : R -> R) (K : R) :
  (forall z, derivable_pt_lim F z (F1 z)) -> (forall z, Ranalysis1.continuity_pt F1 z) ->
  (forall z, Rle (Rabs (F1 z)) (Rmult K (Rplus 1 (pow z 2)))) ->
  (forall z, Rle (Rabs (Rmult z (F z))) (Rmult K (Rplus 1 (pow z 2)))) ->
  (\int[standard_normal]_z (stein_numerator F F1 K z : RR)%:E = (Rmult 4 K : RR)%:E)%E.
Proof.
move=> Fd F1c b1 b2.
have cn (z : R) : Ranalysis1.continuity_pt (stein_numerator F F1 K) z.
  apply: (continuity_pt_plus (fun z => Rminus (F1 z) (Rmult z (F z))) (fun z => Rmult (Rmult 2 K) (Rplus 1 (pow z 2)))).
    apply: (continuity_pt_minus F1 (fun z => Rmult z (F z))); first exact: F1c.
    apply: (continuity_pt_mult (fun z => z) F); first by reg.
    by apply: derivable_continuous_pt; exists (F1 z); exact: Fd.
  by reg.
rewrite standard_normal_integral; last 2 first.
- apply: continuous_measurable_fun => x; apply/continuity_pt_cvg; exact: cn.
- by move=> z; apply/RleP; exact: (@stein_numerator_ge0 F F1 K b1 b2).
rewrite -(primitive_limit_value K).
transitivity (\int[lebesgue_line]_z (stein_density F F1 K z : RR)%:E)%E; first by apply: eq_integral.
apply: (@lebesgue_integral_line (stein_density F F1 K : RR -> RR) (stein_primitive F K : RR -> RR)).
- exact: (@stein_density_cont F F1 K Fd F1c).
- by move=> z; apply/RleP; exact: (@stein_density_ge0 F F1 K b1 b2).
- exact: (@stein_primitive_der F F1 K Fd).
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := @stein_limits F K b2 e (elimT (RltP _ _) e0).
  exists N => // m /= Nm; apply/RltP; have [+ _] := HN m (elimT ssrnat.leP Nm).
  by rewrite INRE.
- apply/(@cvgrPdist_lt _ [normedModType RR of RR^o]) => e e0.
  have [N HN] := @stein_limits F K b2 e (elimT (RltP _ _) e0).
  exists N => // m /= Nm; apply/RltP; have [_ +] := HN m (elimT ssrnat.leP Nm).
  by rewrite INRE.
Qed.

Section Stein.
Context d (Om : measurableType d) (P : {measure set Om -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Variables (N : nat) (Z : nat -> Om -> RR).
Hypothesis HZ : iid_with_law P standard_normal N Z.
Variable k : nat.
Hypothesis kN : (k < N)%N.
Variable K : (nat -> RR) -> RR.
Hypothesis mK : measurable_functional N K.
Hypothesis K_update : forall x y, K (update k x y) = K y.
Hypothesis K_int : Pint P (fun o => K (fun j => Z j o)).
Let mZ := proj1 HZ.

Let numerator (F F1 : (nat -> RR) -> RR) (y : nat -> RR) : RR :=
  F1 y - y k * F y + 2%:R * K y * (1 + y k ^+ 2).

Lemma stein_total (F F1 : (nat -> RR) -> RR) :
  measurable_functional N F -> measurable_functional N F1 ->
  (forall y x, derivable_pt_lim (fun z => F (update k z y)) x (F1 (update k x y))) ->
  (forall y x, Ranalysis1.continuity_pt (fun z => F1 (update k z y)) x) ->
  (forall y, `|F1 y| <= K y * (1 + y k ^+ 2)) ->
  (forall y, `|y k * F y| <= K y * (1 + y k ^+ 2)) ->
  (\int[P]_o (numerator F F1 (fun j => Z j o))%:E = (Rmult 4 (Pmean P (fun o => K (fun j => Z j o))) : RR)%:E)%E
  /\ forall y, 0 <= numerator F F1 y.
Proof.
move=> mF mF1 Fd F1c b1 b2.
have numE y : forall z : R, stein_numerator (fun z => F (update k z y)) (fun z => F1 (update k z y)) (K y) z =
    numerator F F1 (update k z y).
  move=> z; rewrite /stein_numerator /numerator update_at K_update -IZR2E -pow2E.
  by [].
have B1 y (z : R) : Rle (Rabs (F1 (update k z y))) (Rmult (K y) (Rplus 1 (pow z 2))).
  by apply/RleP; have := b1 (update k z y); rewrite K_update update_at -pow2E.
have B2 y (z : R) : Rle (Rabs (Rmult z (F (update k z y)))) (Rmult (K y) (Rplus 1 (pow z 2))).
  by apply/RleP; have := b2 (update k z y); rewrite K_update update_at -pow2E.
have num0 y : 0 <= numerator F F1 y.
  rewrite -[y](update_same k) -numE; apply/RleP.
  exact: (@stein_numerator_ge0 _ _ _ (B1 _) (B2 _)).
split => //.
have mnum : measurable_functional N (numerator F F1).
  move=> d' S Y mY; apply: measurable_funD.
    apply: measurable_funB; first exact: mF1.
    by apply: measurable_funM; [exact: mY|exact: mF].
  apply: measurable_funM.
    by apply: measurable_funM; [exact: measurable_fun_cst|exact: mK].
  apply: measurable_funD; first exact: measurable_fun_cst.
  by apply: measurable_fun_sqr; exact: mY.
rewrite (resample P1 standard_normal_probability HZ kN mnum num0).
transitivity (\int[P]_o (Rmult 4 (K (fun j => Z j o)) : RR)%:E)%E.
  apply: eq_integral => o _.
  rewrite -(@stein_normal_integral _ _ (K (fun j => Z j o)) (Fd (fun j => Z j o)) (F1c _) (B1 _) (B2 _)).
  by apply: eq_integral => z _; rewrite numE.
have := integralM measurableT K_int (Rdefinitions.IZR 4 : RR).
rewrite (Pmean_integral K_int) -[RHS]/((Rmult 4 (Pmean P (fun o => K (fun j => Z j o))) : RR)%:E)%E => <-.
by apply: eq_integral => o _ /=; rewrite EFinM.
Qed.

Variables (F F1 : (nat -> RR) -> RR).
Hypothesis mF : measurable_functional N F.
Hypothesis mF1 : measurable_functional N F1.
Hypothesis F_der : forall y x, derivable_pt_lim (fun z => F (update k z y)) x (F1 (update k x y)).
Hypothesis F1_cont : forall y x, Ranalysis1.continuity_pt (fun z => F1 (update k z y)) x.
Hypothesis F1_bound : forall y, `|F1 y| <= K y * (1 + y k ^+ 2).
Hypothesis F_bound : forall y, `|y k * F y| <= K y * (1 + y k ^+ 2).

Theorem stein_identity :
  Pint P (fun o => Z k o * F (fun j => Z j o)) /\ Pint P (fun o => F1 (fun j => Z j o)) /\
  \int[P]_o (Z k o * F (fun j => Z j o)) = \int[P]_o F1 (fun j => Z j o).
Proof.
have [EH H0] := stein_total mF mF1 F_der F1_cont F1_bound F_bound.
have K0 y : 0 <= K y * (1 + y k ^+ 2) by exact: le_trans (normr_ge0 _) (F1_bound y).
have cst0 : measurable_functional N (fun _ : nat -> RR => 0 : RR).
  by move=> d' S Y mY; exact: (@measurable_fun_cst _ _ S _ setT (0 : RR)).
have [EQ Q0] := @stein_total (fun=> 0) (fun=> 0) cst0 cst0
  (fun y x => derivable_pt_lim_const 0 x) (fun y x => derivable_continuous_pt _ _ (derivable_pt_const 0 x))
  (fun y => le_trans (eq_ind_r (fun z => z <= 0) (lexx 0) (normr0 _)) (K0 y))
  (fun y => le_trans (eq_ind_r (fun z => `|z| <= 0) (eq_ind_r (fun z => z <= 0) (lexx 0) (normr0 _)) (mulr0 _)) (K0 y)).
have mc (G : (nat -> RR) -> RR) : measurable_functional N G -> measurable_fun setT (fun o => G (fun j => Z j o)).
  by move=> mG; apply: mG => j jN; exact: mZ.
have mZk : measurable_fun setT (Z k) by exact: mZ.
pose Q o : RR := K (fun j => Z j o) * (1 + Z k o ^+ 2).
have mQ : measurable_fun setT Q.
  apply: measurable_funM; first exact: mc.
  by apply: measurable_funD; [exact: measurable_fun_cst|exact: measurable_fun_sqr].
have QE o : numerator (fun=> 0) (fun=> 0) (fun j => Z j o) = 2%:R * Q o.
  by rewrite /numerator mulr0 subrr add0r mulrA.
have I2Q : Pint P (fun o => 2%:R * Q o).
  split; first by apply/EFin_measurable_fun/measurable_funM => //; exact: measurable_fun_cst.
  rewrite (eq_integral (fun o => (numerator (fun=> 0) (fun=> 0) (fun j => Z j o))%:E)) ?EQ ?ltey//.
  by move=> o _; rewrite /= -QE ger0_norm.
have IQ : Pint P Q.
  apply: (@Pint_dominated _ _ P P1 0 Q _ mQ I2Q) => o; rewrite add0r ger0_norm; last exact: K0.
  by rewrite mulr_natl mulr2n ler_addl; exact: K0.
have IF1 : Pint P (fun o => F1 (fun j => Z j o)).
  apply: (@Pint_dominated _ _ P P1 0 _ _ (mc _ mF1) IQ) => o; rewrite add0r; exact: F1_bound.
have mZF : measurable_fun setT (fun o => Z k o * F (fun j => Z j o)).
  by apply: measurable_funM => //; exact: mc.
have IZF : Pint P (fun o => Z k o * F (fun j => Z j o)).
  apply: (@Pint_dominated _ _ P P1 0 _ _ mZF IQ) => o; rewrite add0r; exact: (F_bound (fun j => Z j o)).
split => //; split => //.
have J1 := Pint_lin (IZR 1) (IZR (-1)) IF1 IZF.
have E1 := Pmean_lin (IZR 1) (IZR (-1)) IF1 IZF.
have E2 := Pmean_lin (IZR 1) (IZR 1) J1 I2Q.
have EHm : Pmean P (fun o => numerator F F1 (fun j => Z j o)) = Rmult 4 (Pmean P (fun o => K (fun j => Z j o))).
  by rewrite /Pmean EH.
have EQm : Pmean P (fun o => 2%:R * Q o) = Rmult 4 (Pmean P (fun o => K (fun j => Z j o))).
  by rewrite -[RHS]/(fine (Rmult 4 (Pmean P (fun o => K (fun j => Z j o))) : RR)%:E) -EQ /Pmean; congr fine; apply: eq_integral => o _; rewrite QE.
have numE o : Rplus (Rmult (IZR 1) (Rplus (Rmult (IZR 1) (F1 (fun j => Z j o))) (Rmult (IZR (-1)) (Z k o * F (fun j => Z j o)))))
   (Rmult (IZR 1) (2%:R * Q o)) = numerator F F1 (fun j => Z j o).
  rewrite !Rmult_1_l -[LHS]/((F1 (fun j => Z j o) + (-1) * (Z k o * F (fun j => Z j o))) + 2%:R * Q o).
  by rewrite mulN1r /numerator /Q mulrA.
move: E2; rewrite (funext numE) EHm E1 EQm.
rewrite -[\int[P]_o (Z k o * _)]/(Pmean P (fun o => Z k o * F (fun j => Z j o))) -[\int[P]_o (F1 _)]/(Pmean P (fun o => F1 (fun j => Z j o))).
move: (Pmean P (fun o => Z k o * _)) (Pmean P (fun o => F1 _)) (Rmult 4 _) => x y z.
by move=> H; Lra.lra.
Qed.
End Stein.
